import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { ApiConfig } from '#config';
import { API_CONFIG } from '../core/tokens.js';

export interface BackupLinks {
  readonly self: string;
  readonly events: string;
  readonly download: string;
  readonly verify: string;
  readonly restore: string;
}

/** Where clients find things: under API_PUBLIC_URL where it is set, else under the host that they asked. */
@Injectable()
export class Links {
  constructor(@Inject(API_CONFIG) private readonly config: ApiConfig) {}

  backup(backupId: string): BackupLinks {
    const self = this.path(`/api/admin/backups/${backupId}`);
    return {
      self,
      events: `${self}/events`,
      download: `${self}/download`,
      verify: `${self}/verify`,
      restore: `${self}/restore`,
    };
  }

  /** For `Location` and links: a reference that holds wherever the request came in. */
  path(path: string): string {
    return `${this.config.publicUrl ?? ''}${path}`;
  }

  /** For a URL that is given to other programs. */
  absolute(request: Request, path: string): string {
    return `${this.config.publicUrl ?? `${request.protocol}://${request.get('host') ?? 'localhost'}`}${path}`;
  }
}
