/** Whose token a request carries: of a role, or none. */
export type Caller = 'nobody' | 'viewer' | 'operator' | 'admin';

/** A request that must be refused: 4xx, as a problem document, within a second. */
export interface HostileRequest {
  readonly name: string;
  readonly as: Caller;
  readonly method: string;
  /** As it stands on the wire. */
  readonly path: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** A text goes out as it is, with its length; anything else as JSON. */
  readonly body?: unknown;
  /** Statuses that are right. */
  readonly expect: readonly number[];
}

/** A path segment, a query value or a text with what is not written that way percent-encoded. */
export const escaped = encodeURIComponent;
