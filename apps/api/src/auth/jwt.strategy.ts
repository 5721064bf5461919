import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { ApiConfig } from '#config';
import type { Clock } from '#contracts';
import { API_CONFIG, CLOCK } from '../core/tokens.js';
import { identityOf } from './claims.js';
import type { Identity } from './identity.js';

export const strategyName = 'hazina-jwt';

/** Key and algorithm come from the configuration alone; nothing in a token's header chooses anything. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, strategyName) {
  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const { key, issuer, audience } = config.jwt;
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: (key.kind === 'secret' ? key.secret : key.pem).reveal(),
      algorithms: [key.algorithm],
      issuer,
      audience,
      ignoreExpiration: false,
    });
  }

  /** Gives the identity; null is "no valid token" to passport. */
  validate(claims: unknown): Identity | null {
    return identityOf(claims, this.config.jwt.roleClaim, this.clock);
  }
}
