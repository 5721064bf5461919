import { resolveTxt } from 'node:dns/promises';
import { Secret } from '#contracts';

/** Users of these mechanisms live outside of the databases: the one in the path never is theirs. */
const external = new Set(['MONGODB-X509', 'GSSAPI', 'MONGODB-AWS', 'MONGODB-OIDC']);

/** The URI for a tool's configuration, as `withoutDatabase`; asks DNS where that may name the database to log in to. */
export async function toolUri(uri: Secret, lookUp: typeof resolveTxt = resolveTxt): Promise<Secret> {
  const [, host = ''] = /^mongodb\+srv:\/\/(?:[^/?]*@)?([^/?:]*)/s.exec(uri.reveal()) ?? [];
  if (host === '' || withoutDatabase(uri, true).reveal() === withoutDatabase(uri).reveal()) return withoutDatabase(uri);
  // Without an answer the tool has none either, and tells why.
  const records = await lookUp(host).catch(() => []);
  return withoutDatabase(
    uri,
    records.some((parts) => /(^|&)authSource=/i.test(parts.join(''))),
  );
}

/**
 * The URI without its database, for the tools refuse one that differs from `--db`; where that database was also the one to log in to, `authSource` says so.
 * `toldElsewhere`: DNS says where to log in.
 */
export function withoutDatabase(uri: Secret, toldElsewhere = false): Secret {
  const [, scheme = '', hosts = '', database = '', query = ''] =
    /^(mongodb(?:\+srv)?:\/\/)([^/?]*)\/?([^?]*)\??(.*)$/s.exec(uri.reveal()) ?? [];
  const options = query.split('&').filter((option) => option !== '');
  const valueOf = (name: string) =>
    options.find((option) => option.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const logsInThere = hosts.includes('@') && !external.has((valueOf('authmechanism') ?? '').toUpperCase());
  if (database !== '' && logsInThere && !toldElsewhere && valueOf('authsource') === undefined)
    options.push(`authSource=${database}`);
  return new Secret(`${scheme}${hosts}/${options.length > 0 ? `?${options.join('&')}` : ''}`);
}
