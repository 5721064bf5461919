import { readFileSync } from 'node:fs';
import {
  loadBackupSource,
  loadCatalogUri,
  loadCliConfig,
  loadDestinations,
  loadDoctorConfig,
  loadScratchTarget,
  loadTokenConfig,
  loadUpkeepConfig,
  namedUri,
  processEnvironment,
  withConfigFile,
  type CliConfigFor,
  type CliNeeds,
  type DestinationSetup,
  type DoctorConfig,
  type SourceConfig,
  type TokenConfig,
  type UpkeepConfig,
} from '#config';
import { systemClock, systemRandom, type Clock, type Random, type Secret } from '#contracts';
import type { RunObserver } from '#pipeline';
import { ProgressBar } from './output/progress-bar.js';

/** What every command is given: the process as it sees it. */
export class CliContext {
  readonly clock: Clock = systemClock;
  readonly random: Random = systemRandom;
  readonly signal: AbortSignal;
  /** Ends with the first SIGINT or SIGTERM; `interruptedBy` tells which. */
  readonly #abort = new AbortController();
  #progress: ProgressBar | undefined;
  interruptedBy: 'SIGINT' | 'SIGTERM' | undefined;
  json = false;
  /** The command did its work, and what it compared is not the same: no error, but an exit code of its own. */
  foundDifferences = false;
  configFile: string | undefined;

  constructor(readonly version: string) {
    this.signal = this.#abort.signal;
  }

  interrupt(by: 'SIGINT' | 'SIGTERM'): void {
    this.interruptedBy ??= by;
    this.#abort.abort();
  }

  config<const N extends CliNeeds>(needs: N): CliConfigFor<N> {
    return loadCliConfig(needs, {
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** A target of BACKUP_TARGETS_FILE; null: it has none of this name. */
  backupSource(wanted: string | undefined): Promise<SourceConfig | null> {
    return loadBackupSource(wanted, {
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** What tokens are signed with. */
  tokenConfig(): TokenConfig {
    return loadTokenConfig({
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** Of a command that works on many backups at once. */
  upkeepConfig(): Promise<UpkeepConfig> {
    return loadUpkeepConfig({
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** Where backups are copied to. */
  destinations(): Promise<DestinationSetup> {
    return loadDestinations({
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** The same of a command that does without them: none where no file names any. */
  async destinationsIfAny(): Promise<DestinationSetup['destinations']> {
    if ((this.environment()['BACKUP_TARGETS_FILE'] ?? '') === '') return [];
    return (await this.destinations()).destinations;
  }

  /** Of a command that looks into the catalogue. */
  catalogUri(): Secret {
    return loadCatalogUri({
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** All that can be read, and all that is wrong with it. */
  doctorConfig(): Promise<DoctorConfig> {
    return loadDoctorConfig({
      environment: this.environment(),
      readFile: readFileSync,
      workingDirectory: process.cwd(),
    });
  }

  /** The URI in a variable that the operator names. */
  uriOf(variable: string): Secret {
    return namedUri(variable, this.environment(), readFileSync);
  }

  /** The server that drills restore into: by the variable that the operator names, else the first scratch target of RESTORE_TARGETS. */
  scratchUri(variable: string | undefined): Secret {
    if (variable !== undefined) return this.uriOf(variable);
    return loadScratchTarget({ environment: this.environment(), readFile: readFileSync }).uri;
  }

  /** For programs that are found on the PATH. */
  searchPath(): string {
    return this.environment()['PATH'] ?? '';
  }

  environment(): Readonly<Record<string, string | undefined>> {
    const environment = processEnvironment();
    return this.configFile === undefined ? environment : withConfigFile(environment, this.configFile, readFileSync);
  }

  /** A progress bar on a terminal, else silence; warnings are shown in any case. */
  observer(): RunObserver {
    if (!process.stderr.isTTY || this.json) {
      return { stage: () => undefined, progress: () => undefined, warning: (text) => this.warn(text) };
    }
    this.#progress ??= new ProgressBar(
      (text) => process.stderr.write(text),
      this.clock,
      (text) => this.warn(text),
    );
    return this.#progress;
  }

  /** Data: the one thing that goes to stdout. */
  print(text: string): void {
    this.#progress?.clear();
    process.stdout.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  /** Messages go to stderr. */
  say(text: string): void {
    this.#progress?.clear();
    process.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.say(`Warning: ${text}`);
  }
}
