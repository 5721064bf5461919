/** How much the service says for a while, instead of what is configured. Never less than warnings: what is said for the audit must not be silenced by a token. */
export const wishedLogLevels = ['warn', 'info', 'debug', 'trace'] as const;
export type WishedLogLevel = (typeof wishedLogLevels)[number];

/** A wish of an admin, for API and workers. */
export interface LogLevelWish {
  readonly level: WishedLogLevel;
  readonly until: Date;
  readonly by: string;
}
