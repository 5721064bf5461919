import { Secret } from '#contracts';

/** The URI without its database, for the tools refuse one that differs from `--db`; where that database was also the one to log in to, `authSource` says so. */
export function withoutDatabase(uri: Secret): Secret {
  const [, scheme = '', hosts = '', database = '', query = ''] =
    /^(mongodb(?:\+srv)?:\/\/)([^/?]*)\/?([^?]*)\??(.*)$/s.exec(uri.reveal()) ?? [];
  const options = query.split('&').filter((option) => option !== '');
  if (database !== '' && hosts.includes('@') && !options.some((option) => /^authSource=/i.test(option)))
    options.push(`authSource=${database}`);
  return new Secret(`${scheme}${hosts}/${options.length > 0 ? `?${options.join('&')}` : ''}`);
}
