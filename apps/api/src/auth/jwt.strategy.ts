import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy, type SecretOrKeyProvider } from 'passport-jwt';
import type { ApiConfig } from '#config';
import type { Clock } from '#contracts';
import { quietly } from '#logging';
import { API_CONFIG, CLOCK } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { identityOf } from './claims.js';
import type { Identity } from './identity.js';
import { remoteAlgorithms, RemoteKeys } from './remote-keys.js';
import { forPassport, verifyingKey } from './verifying-key.js';

export const strategyName = 'hazina-jwt';

/** Keys and algorithms come from the configuration alone; a token's header chooses at most one of the keys that are configured. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, strategyName) {
  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ServiceLog) log: ServiceLog,
  ) {
    const { issuer, audience } = config.jwt;
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      ...keysOf(config, clock, log),
      issuer,
      audience,
      ignoreExpiration: false,
    });
  }

  /** Gives the identity; null is "no valid token" to passport. */
  validate(claims: unknown): Identity | null {
    return identityOf(claims, this.config.jwt, this.clock);
  }
}

function keysOf({ jwt: { key } }: ApiConfig, clock: Clock, log: ServiceLog) {
  if (key.kind !== 'remote') return { secretOrKey: forPassport(verifyingKey(key)), algorithms: [key.algorithm] };
  const once = quietly(clock);
  const keys = new RemoteKeys({
    url: key.url,
    clock,
    onTrouble: (error) => once(error.code, () => log.failure(error, error.details)),
  });
  // Fetched before the first token comes: a wrong URL is in the log from the start.
  void keys.refresh();
  const secretOrKeyProvider: SecretOrKeyProvider = (_request, token: string, done) => {
    keys.find(token).then((found) => done(null, found === null ? undefined : forPassport(found)), done);
  };
  return { secretOrKeyProvider, algorithms: [...remoteAlgorithms] };
}
