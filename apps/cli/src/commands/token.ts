import { InvalidArgumentError, Option, type Command } from 'commander';
import { longestTokenSeconds, roles, type Role } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { readPassword } from '../read-password.js';

interface CreateOptions {
  readonly role: Role;
  readonly ttl: number;
  readonly subject: string;
}

const usualSeconds = 3600;
const longestSubject = 200;

export function registerToken(program: Command, context: CliContext): void {
  const token = program.command('token').description('Tokens and the password of the API.');
  const create = token
    .command('create')
    .description('Print a token for the API, signed with JWT_SECRET or JWT_PRIVATE_KEY.')
    .addOption(
      new Option('--role <role>', 'viewer reads, operator also runs, admin also deletes')
        .choices(roles)
        .makeOptionMandatory(),
    )
    .option('--ttl <duration>', 'how long it is valid: 90s, 15m, 8h; at most 24h', durationSeconds, usualSeconds)
    .option('--subject <name>', 'whom the audit log names', subjectName, 'cli')
    .addHelpText(
      'after',
      '\nExample:\n  TOKEN=$(hazina token create --role operator --ttl 1h)\n  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:3000/api/admin/backups',
    );
  withJson(create).action((options: CreateOptions) => createToken(options, context));

  token
    .command('hash-password')
    .description(
      'Print the hash of a password, the form of ADMIN_PASSWORD_HASH. The password is read from standard input.',
    )
    .option('--password-file <file>', 'read it from this file instead')
    .addHelpText('after', '\nExample:\n  hazina token hash-password --password-file admin.password > admin.hash')
    .action((options: { passwordFile?: string }) => printHash(options.passwordFile, context));
}

async function createToken({ role, ttl, subject }: CreateOptions, context: CliContext): Promise<void> {
  const { key, issuer, audience, roleClaim } = context.tokenConfig();
  const { default: jsonwebtoken } = await import('jsonwebtoken');
  const iat = Math.floor(context.clock.now().getTime() / 1000);
  const exp = iat + ttl;
  const jti = context.random.bytes(16).toString('hex');
  const claims = { sub: subject, [roleClaim]: role, iss: issuer, aud: audience, iat, exp, jti };
  const signer = (key.kind === 'secret' ? key.secret : key.pem).reveal();
  const token = jsonwebtoken.sign(claims, signer, { algorithm: key.algorithm });
  const expiresAt = new Date(exp * 1000).toISOString();
  if (context.json) context.printJson({ token, role, subject, expiresAt });
  else {
    context.print(token);
    context.say(
      `A token of ${subject} as ${role}, valid until ${expiresAt}. Whoever has it is let in: treat it as a password.`,
    );
  }
}

async function printHash(passwordFile: string | undefined, context: CliContext): Promise<void> {
  const { hashPassword } = await import('#contracts');
  context.print(await hashPassword(await readPassword(passwordFile, context), context.random));
}

function durationSeconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(count) * ({ s: 1, m: 60, h: 3600 }[unit] ?? 0);
  if (seconds >= 1 && seconds <= longestTokenSeconds) return seconds;
  throw new InvalidArgumentError('It must be such as 90s, 15m or 8h, and at most 24h.');
}

function subjectName(text: string): string {
  if (text !== '' && text.length <= longestSubject && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError(`A subject has 1 to ${longestSubject} characters, none of them a control character.`);
}
