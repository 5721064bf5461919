import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import jsonwebtoken from 'jsonwebtoken';
import type { ApiConfig } from '#config';
import { AppError, verifyPassword, type Clock, type Random, type Secret } from '#contracts';
import { API_CONFIG, CLOCK, RANDOM } from '../core/tokens.js';
import type { LoginReplyDto } from './login.dto.js';
import type { Plain } from '../http/plain.js';

const tokenSeconds = 3600;
/** Each check takes 32 MiB and a core for a tenth of a second. */
const mostAtATime = 2;
const mostWaiting = 8;

/** The built-in admin. */
@Injectable()
export class LoginService {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  /** A token, or null when name or password are wrong: which of them, neither reply nor time tells. */
  async login(username: string, password: string): Promise<Plain<LoginReplyDto> | null> {
    const { admin, secret } = this.#available();
    const nameFits = sameText(username, admin.username);
    const passwordFits = await this.#inTurn(() => verifyPassword(password, admin.passwordHash));
    return nameFits && passwordFits ? this.#token(admin.username, secret) : null;
  }

  #available(): { admin: NonNullable<ApiConfig['admin']>; secret: Secret } {
    const { admin, jwt } = this.config;
    if (jwt.key.kind !== 'secret') {
      const only = jwt.key.kind === 'public' ? 'a public key (JWT_PUBLIC_KEY)' : 'public keys (JWT_JWKS_URI)';
      throw off(`Tokens of this installation come from elsewhere: it knows only ${only}`);
    }
    if (admin === undefined) throw off('The built-in login is off: ADMIN_USERNAME and ADMIN_PASSWORD_HASH are not set');
    return { admin, secret: jwt.key.secret };
  }

  #token(subject: string, secret: Secret): Plain<LoginReplyDto> {
    const { issuer, audience, roleClaim } = this.config.jwt;
    const iat = Math.floor(this.clock.now().getTime() / 1000);
    const exp = iat + tokenSeconds;
    const jti = this.random.bytes(16).toString('hex');
    const claims = { sub: subject, [roleClaim]: 'admin', iss: issuer, aud: audience, iat, exp, jti };
    return {
      accessToken: jsonwebtoken.sign(claims, secret.reveal(), { algorithm: 'HS256' }),
      expiresAt: new Date(exp * 1000).toISOString(),
      role: 'admin',
    };
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < mostAtATime) this.#running += 1;
    else if (this.#waiting.length >= mostWaiting) throw busy();
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on, so that nobody slips in between.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** Digests have one length, so the time tells nothing of the text's. */
function sameText(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function off(message: string): AppError {
  return new AppError({
    code: 'auth/login-off',
    stage: 'request',
    message,
    hint: 'Make a token with: hazina token create',
  });
}

function busy(): AppError {
  return new AppError({
    code: 'auth/too-many-requests',
    stage: 'request',
    message: 'Too many logins are being checked at the moment',
    hint: 'Try again in a few seconds; hazina token create makes a token without a login',
    retry: 'retry',
  });
}
