import { tmpdir } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import type { SourceConfig } from '#config';
import { lookWithin, wrong, type ErrorCode, type Finding, type WorkerKeyProof, type WorkerLook } from '#contracts';
import { nameKeys, type NamedKey } from '#crypto';
import { examineSource, sourceFindings, toolFindings } from '#engine';
import {
  keyFindings,
  kmsFindingName,
  kmsFindings,
  memoryFinding,
  processMemory,
  readStoreIdentity,
  temporaryFinding,
} from '#pipeline';
import { Every } from '../core/every.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { dumpRequest } from '../engines/dump-engines.js';
import { proveKeys } from './prove-keys.js';
import { examineStore } from './store-look.js';

type Findings = readonly Finding[];

/**
 * Looks now and then, as `hazina doctor` does, at what only a worker can reach: rights at the targets, the store's abilities, tools, room, and whether every kept
 * backup opens. The publisher tells the catalogue; nothing that is found here stops any work.
 */
@Injectable()
export class Examiner {
  readonly #looks: Every;
  readonly #ending = new AbortController();
  #start: NodeJS.Timeout | undefined;
  #look: WorkerLook | null = null;
  #proof: { readonly proof: WorkerKeyProof | null; readonly findings: Findings; readonly atMs: number } | undefined;

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {
    this.#looks = new Every(parts.tuning.examineEveryMs, () => this.#examine());
  }

  /** Null: nobody has looked yet. */
  get look(): WorkerLook | null {
    return this.#look;
  }

  /** What a worker is started for comes first. */
  start(): void {
    this.#start = setTimeout(() => this.#looks.start(), this.parts.tuning.examineAfterMs);
  }

  /** Other keys are at hand: what was proven of the backups was proven with those before. */
  keysChanged(): void {
    this.#proof = undefined;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#start);
    this.#ending.abort();
    await this.#looks.stop();
  }

  async #examine(): Promise<void> {
    try {
      const { findings, keys, named, storeAbilities } = await this.#surroundings();
      const tell = () => {
        const { proof = null, findings: proven = [] } = this.#proof ?? {};
        const at = this.parts.clock.now();
        this.#look = { at, findings: [...findings, ...proven], keys, storeAbilities, keyProof: proof };
      };
      tell();
      await this.#prove(named);
      tell();
    } catch (error) {
      if (!this.#ending.signal.aborted) this.parts.log.failure('not looked at', error, 'probe');
    }
  }

  async #surroundings() {
    const { config, random, store: objects } = this.parts;
    const engines = config.targets.map(({ engine }) => engine);
    const [keys, kms, storeAbilities, store, tools, temporary, ...sources] = await Promise.all([
      this.#keys(),
      this.#within(kmsFindingName, 'keys/kms-unavailable', (signal) => kmsFindings(this.parts.ring, random, signal)),
      objects.abilities(this.#limit()).catch(() => null),
      this.#within('store', 'store/unreachable', (signal) => examineStore(this.parts, signal)),
      this.#within('tools', 'engine/failed', () => toolFindings({ searchPath: config.searchPath, engines })),
      this.#within('temporary folder', 'engine/failed', async () => [await temporaryFinding(tmpdir(), random)]),
      ...config.targets.map((target) => this.#source(target)),
    ]);
    const { trouble } = this.parts.reload;
    const configured = trouble === null ? [] : [wrong('configuration of workers', trouble)];
    const process = [memoryFinding(processMemory()), ...temporary, ...configured];
    return {
      ...keys,
      storeAbilities,
      findings: [...keys.findings, ...kms, ...store, ...sources.flat(), ...tools, ...process],
    };
  }

  #limit(): AbortSignal {
    return AbortSignal.any([this.#ending.signal, AbortSignal.timeout(this.parts.tuning.examineLimitMs)]);
  }

  #within(name: string, lateCode: ErrorCode, look: (signal: AbortSignal) => Promise<Findings>): Promise<Findings> {
    const { examineLimitMs: limitMs } = this.parts.tuning;
    const lateHint = 'Look at its health, and at the network between it and this worker';
    return lookWithin({ name, limitMs, lateCode, lateHint, signal: this.#ending.signal }, look);
  }

  #source(target: SourceConfig): Promise<Findings> {
    const { name } = target;
    return this.#within(`source ${name}`, 'source/unreachable', async (signal) => {
      const { clock, version, tuning } = this.parts;
      const limitMs = tuning.examineLimitMs;
      const options = { request: dumpRequest(target), clock, version, limitMs, selectionMs: limitMs / 2 };
      return sourceFindings(name, await examineSource(options, signal));
    });
  }

  async #keys(): Promise<{ findings: Findings; keys: WorkerLook['keys']; named: readonly NamedKey[] }> {
    let named: readonly NamedKey[] = [];
    const findings = await this.#within('keys', 'keys/refused', async (signal) => {
      const { store, keys } = this.parts;
      named = await nameKeys(keys.given, (await readStoreIdentity(store, signal))?.kdfSalt ?? null);
      return keyFindings(named);
    });
    const keys = named.flatMap(({ keyId, state }) => (keyId === null ? [] : [{ keyId, state }]));
    return { findings, keys, named };
  }

  /** Rarely: it reads the headers of every kept backup. */
  async #prove(named: readonly NamedKey[]): Promise<void> {
    const { clock, tuning } = this.parts;
    const atMs = clock.monotonicMs();
    if (this.#proof !== undefined && atMs - this.#proof.atMs < tuning.proveKeysEveryMs) return;
    this.#proof = { ...(await proveKeys(this.parts, named, this.#ending.signal)), atMs };
  }
}
