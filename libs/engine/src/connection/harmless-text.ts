/**
 * A message about a URI, if it quotes nothing of it that may be secret: user, password, or the value of an option (some of those are tokens).
 * Undefined otherwise.
 */
export function harmless(message: string, uri: string): string | undefined {
  const [, credentials = ''] = /^[^:]*:\/\/(.*)@/s.exec(uri) ?? [];
  const [user = '', ...password] = credentials.split(':');
  const values = [...uri.matchAll(/[?&][^=&]+=([^&]*)/g)].map(([, value = '']) => value);
  const hidden = [credentials, user, password.join(':'), ...values].flatMap((text) => [text, decoded(text)]);
  return hidden.some((text) => text !== '' && message.includes(text)) ? undefined : message;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
