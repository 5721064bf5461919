import type { IdempotencyRepository } from '#catalog';
import { sameRequestRuns } from './idempotency-errors.js';

export interface ReservedId {
  readonly id: string;
  /** A try before, which was cut off, had this id: what it stands for may be there already. */
  readonly repeated: boolean;
}

/** A request with an idempotency key while it is carried out. */
export class IdempotentRun {
  constructor(
    private readonly requests: IdempotencyRepository,
    readonly digest: string,
    readonly holder: string,
    private readonly reservedId: string | null,
  ) {}

  /** Kept before the thing is made, so that a try after a crash finds it instead of making another one. */
  async reserve(id: string): Promise<ReservedId> {
    if (this.reservedId !== null) return { id: this.reservedId, repeated: true };
    if (!(await this.requests.reserve(this.digest, this.holder, id))) throw sameRequestRuns();
    return { id, repeated: false };
  }
}

/** The id of what a request makes. Without a key it is just this one. */
export async function reserveId(request: { readonly idempotent?: IdempotentRun }, id: string): Promise<ReservedId> {
  return request.idempotent === undefined ? { id, repeated: false } : request.idempotent.reserve(id);
}
