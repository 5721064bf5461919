import type { CookieOptions, Request, Response } from 'express';
import type { Area } from './areas.js';

const form = /^[\w-]{43}$/;

/** The text of the area's session cookie; null: none, or none that could be one of ours. */
export function cookieOf(request: Request, area: Area): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name = '', value = ''] = part.split('=').map((text) => text.trim());
    if (name === nameOf(area)) return form.test(value) ? value : null;
  }
  return null;
}

/** Scripts cannot read it, other sites cannot make a browser send it, and no other path sees it. */
export function setCookie(response: Response, area: Area, text: string, expires: Date, secure: boolean): void {
  for (const path of area.paths) response.cookie(nameOf(area), text, { ...options(path, secure), expires });
}

export function clearCookie(response: Response, area: Area, secure: boolean): void {
  for (const path of area.paths) response.clearCookie(nameOf(area), options(path, secure));
}

function options(path: string, secure: boolean): CookieOptions {
  return { path, secure, httpOnly: true, sameSite: 'strict' };
}

function nameOf({ name }: Area): string {
  return `hazina-${name}`;
}
