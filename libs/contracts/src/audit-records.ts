// The audit log as the catalogue keeps it.

export interface AuditRecord {
  readonly at: Date;
  /** OWASP's vocabulary: `authn_login_success`, `sensitive_delete` … */
  readonly event: string;
  readonly actor: string;
  readonly role: string | null;
  readonly address: string | null;
  readonly correlationId: string | null;
  readonly resource: string | null;
  readonly outcome: 'success' | 'failure';
  readonly detail: string | null;
}

/** An entry in its place: every hash is made of the entry and the hash before it, so that what was changed, removed or put in between shows. */
export interface ChainedAuditRecord extends AuditRecord {
  /** From 1, without a gap. */
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
}
