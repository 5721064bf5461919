import { AppError, Secret, systemCode } from '#contracts';
import type { Variable } from './variable.js';
import { variables, type SecretName, type VariableName } from './variables.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Reads a whole file; throws what node:fs throws. */
export type ReadFile = (path: string) => Uint8Array;

/**
 * Reads variables and collects every problem instead of stopping at the first. A value of a secret never appears in a problem; other values do, for they help.
 * An empty text counts as not set, as `.env` files and Compose write it.
 */
export class EnvironmentReader {
  readonly #problems: string[] = [];

  constructor(
    private readonly environment: Environment,
    private readonly readFile: ReadFile,
  ) {}

  text(name: Exclude<VariableName, SecretName>): string | undefined {
    return this.#set(name) ?? defaultOf(name);
  }

  required(name: Exclude<VariableName, SecretName>): string {
    const value = this.text(name);
    if (value === undefined) this.problem(`${name} is not set: ${meaningOf(name)}`);
    return value ?? '';
  }

  integer(name: Exclude<VariableName, SecretName>, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.problem(`${name} must be a whole number from ${min} to ${max}, not "${text}"`);
    return undefined;
  }

  /** A number that may have a fraction; the default must be set. */
  number(name: Exclude<VariableName, SecretName>, min: number, max: number): number {
    const text = this.required(name);
    const value = /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.problem(`${name} must be a number from ${min} to ${max}, not "${text}"`);
    return min;
  }

  oneOf<const T extends string>(name: Exclude<VariableName, SecretName>, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = allowed.find((candidate) => candidate === text);
    if (value === undefined) this.problem(`${name} must be one of ${allowed.join(', ')}, not "${text}"`);
    return value;
  }

  boolean(name: Exclude<VariableName, SecretName>): boolean | undefined {
    const value = this.oneOf(name, ['true', 'false']);
    return value === undefined ? undefined : value === 'true';
  }

  /** The text of a file; throws what reading throws, and for bytes that are no UTF-8. */
  file(path: string): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.readFile(path));
  }

  /** From `NAME` or from the file named by `NAME_FILE`. */
  secret(name: SecretName): Secret | undefined {
    return secretFrom(name, this.environment, this.readFile, (text) => this.problem(text));
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** Throws `config/invalid` with every problem found so far, if any. */
  finish(): void {
    const failure = this.failure();
    if (failure !== undefined) throw failure;
  }

  /** The same as an error that nobody threw yet. */
  failure(): AppError | undefined {
    const problems = [...new Set(this.#problems)];
    if (problems.length === 0) return undefined;
    return new AppError({
      code: 'config/invalid',
      stage: 'config',
      message:
        problems.length === 1
          ? problems.join('')
          : `${problems.length} settings are wrong:\n  ${problems.join('\n  ')}`,
      hint: 'Correct the environment (.env.example explains every variable)',
    });
  }

  /** Problems found so far. */
  get count(): number {
    return this.#problems.length;
  }

  #set(name: string): string | undefined {
    return valueOf(this.environment, name);
  }
}

/** Why a file gave no text. The decoder's error has a code of its own, which would tell a person nothing. */
export function unreadableCode(error: unknown): string {
  const code = systemCode(error);
  return code === undefined || code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : code;
}

/** The secret in `NAME`, or in the file named by `NAME_FILE` without its byte-order mark and one trailing line end (spec/container.md). */
export function secretFrom(
  name: string,
  environment: Environment,
  readFile: ReadFile,
  problem: (text: string) => void,
): Secret | undefined {
  const value = valueOf(environment, name);
  const path = valueOf(environment, `${name}_FILE`);
  if (value !== undefined && path !== undefined) {
    problem(`${name} and ${name}_FILE are both set: keep one of them`);
    return undefined;
  }
  if (path === undefined) return value === undefined ? undefined : new Secret(value);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFile(path)).replace(/\r?\n$/, '');
    if (text !== '') return new Secret(text);
    problem(`${name}_FILE: the file ${path} is empty`);
  } catch (error) {
    const code = unreadableCode(error);
    problem(`${name}_FILE: the file ${path} cannot be read (${code})`);
  }
  return undefined;
}

function valueOf(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === '' ? undefined : value;
}

function entry(name: VariableName): Variable | undefined {
  return variables.find((variable) => variable.name === name);
}

function defaultOf(name: VariableName): string | undefined {
  return entry(name)?.default;
}

function meaningOf(name: VariableName): string {
  return entry(name)?.meaning ?? '';
}
