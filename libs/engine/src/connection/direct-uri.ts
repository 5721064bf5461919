export interface DirectUriFacts {
  readonly tls: boolean;
  /** Where the user lives, when there is one; DNS may have told it. */
  readonly authSource?: string;
}

/** Options that speak of a choice among servers, or of how to find them. */
const dropped = new Set([
  'directconnection',
  'loadbalanced',
  'srvservicename',
  'srvmaxhosts',
  'replicaset',
  'readpreference',
  'readpreferencetags',
  'maxstalenessseconds',
]);

/** The URI of one of the servers that a URI leads to. What DNS told for a `mongodb+srv` one (TLS, authSource) is written out. */
export function directUri(uri: string, address: string, { tls, authSource }: DirectUriFacts): string {
  const [, credentials = '', path = '', query = ''] =
    /^mongodb(?:\+srv)?:\/\/(?:(.*)@)?[^/?]*(\/[^?]*)?(?:\?(.*))?$/s.exec(uri) ?? [];
  const kept = query.split('&').filter((option) => option !== '' && !dropped.has(nameOf(option)));
  const names = new Set(kept.map(nameOf));
  if (tls && !names.has('tls') && !names.has('ssl')) kept.push('tls=true');
  if (authSource !== undefined && !names.has('authsource')) kept.push(`authSource=${encodeURIComponent(authSource)}`);
  return `mongodb://${credentials === '' ? '' : `${credentials}@`}${address}${path === '' ? '/' : path}?${[...kept, 'directConnection=true'].join('&')}`;
}

function nameOf(option: string): string {
  return option.slice(0, option.indexOf('=')).toLowerCase();
}
