import type { Request } from 'express';
import { AppError } from '#contracts';
import { readBody } from '../http/body.middleware.js';

export type LoginForm =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** What the page's form sent. Throws `request/…`. */
export async function readLoginForm(request: Request): Promise<LoginForm> {
  refuseOtherSites(request);
  if (request.is('application/x-www-form-urlencoded') === false) throw wrong('The body is no form of this page');
  const fields = new URLSearchParams((await readBody(request)).toString('utf8'));
  const token = fields.get('token')?.trim() ?? '';
  if (token !== '') return { kind: 'token', token };
  const [username, password] = [fields.get('username') ?? '', fields.get('password') ?? ''];
  if (username === '' || password === '' || username.length > 200 || password.length > 1024)
    throw wrong('Name and password, or a token, are asked for');
  return { kind: 'password', username, password };
}

/**
 * Another site must not log its visitors in here. Browsers tell where a form was: all of them by `Sec-Fetch-Site` where they came by TLS, else by the origin, which is
 * `null` for frames without one and after a redirect from elsewhere, never for the page's own form. What tells neither is no browser.
 */
function refuseOtherSites(request: Request): void {
  const { 'sec-fetch-site': site, origin } = request.headers;
  const isHere = origin === undefined || URL.parse(origin)?.host === request.headers.host;
  if (site === undefined ? isHere : site === 'same-origin') return;
  throw new AppError({
    code: 'auth/forbidden',
    stage: 'request',
    message: 'The form was sent by another site',
    hint: 'Open the login page itself and log in there',
  });
}

function wrong(message: string): AppError {
  return new AppError({
    code: 'request/invalid',
    stage: 'request',
    message,
    hint: 'Fill in the form of the login page',
  });
}
