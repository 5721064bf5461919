import type { Role } from '#contracts';

/** Pages for people in a browser, which sends no token when it opens one: they log in, and have a cookie for these paths alone. */
export interface Area {
  readonly name: 'docs' | 'queues';
  readonly title: string;
  readonly role: Role;
  /** Everything under them is behind the login. */
  readonly paths: readonly string[];
  /** Where a login leads to. */
  readonly home: string;
  /** Beside GET and HEAD nothing is served. */
  readonly policy: string;
}

const policyOf = (base: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    `base-uri ${base}`,
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join(';');

export const docsArea: Area = {
  name: 'docs',
  title: 'Hazina API',
  role: 'viewer',
  paths: ['/docs', '/docs-json'],
  home: '/docs',
  policy: policyOf("'none'"),
};

export const queuesArea: Area = {
  name: 'queues',
  title: 'Hazina queues',
  role: 'admin',
  paths: ['/queues'],
  home: '/queues/',
  // Its page names its own folder as the base of its links.
  policy: policyOf("'self'"),
};
