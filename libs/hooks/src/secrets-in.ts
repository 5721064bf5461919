import { Secret } from '#contracts';

// What a hook was given besides secrets of their own: tokens stand in paths, queries and arguments, and servers and programs repeat them one by one.

/** Shorter words of a path or of an argument are no secrets, but words that stand in many texts. */
const leastWord = 8;
/** A word in a line of a shell that is so long and has a digit in it is taken for a token; commands and paths stay readable. */
const leastToken = 16;

/** Every single value in a URL, as it is written and as a server reads it. */
export function secretsInUrl(url: URL): Secret[] {
  const raw = url.search.slice(1).split('&');
  const values = raw.map((pair) => pair.slice(pair.indexOf('=') + 1));
  const segments = url.pathname.split('/').filter((segment) => segment.length >= leastWord);
  const login = [url.username, url.password].filter((part) => part !== '');
  const read = [...url.searchParams.values(), ...[...segments, ...login].map(decoded)];
  const basic = Buffer.from(login.map(decoded).join(':')).toString('base64');
  return [url.href, url.search, url.pathname, ...values, ...segments, ...login, ...read, basic].map(
    (text) => new Secret(text),
  );
}

/** Of a program's arguments (the first is the program): all that is neither a path nor the name of an option. */
export function secretsIn([, ...args]: readonly string[]): Secret[] {
  return args.flatMap(wordsOf).map((text) => new Secret(text));
}

function wordsOf(argument: string): string[] {
  const tokens = argument.split(/[\s'"=:;,|&()<>]+/).filter(isToken);
  if (/\s/.test(argument)) return [argument, ...tokens];
  const value = argument.startsWith('-') ? argument.slice(argument.indexOf('=') + 1 || argument.length) : argument;
  return [value, ...tokens].filter((word) => word.length >= leastWord && !isPath(word));
}

function isToken(word: string): boolean {
  return word.length >= leastToken && /\d/.test(word) && !isPath(word);
}

function isPath(word: string): boolean {
  return /^\.{0,2}\//.test(word);
}

/** A `%` may be no escape. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
