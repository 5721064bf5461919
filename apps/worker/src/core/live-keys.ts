import type { KeysConfig } from '#config';
import { openKeys, type GivenKeys, type KeyRing, type OpenedKeys } from '#crypto';

/** What a process holds of its keys at one moment. */
interface Held {
  /** Their texts, wherever they were kept. */
  readonly given: GivenKeys;
  readonly ring: KeyRing;
  readonly keyIds: readonly string[];
  readonly openingKeyIds: readonly string[];
  readonly currentKeyIds: readonly string[];
}

/**
 * The keys of a worker, which may be read again while it works. A run takes the ring once, at its start, and ends with the one that it began with: what it
 * writes is of one piece. Whoever asks later gets the keys of then.
 */
export class LiveKeys {
  private constructor(
    /** Of the installation: passphrase keys have their names by it. */
    readonly kdfSalt: string,
    private held: Held,
  ) {}

  /** The keys that `openSealingKeys` took at the start, and told about there. Throws `keys/refused`. */
  static async open(given: KeysConfig, kdfSalt: string): Promise<LiveKeys> {
    return new LiveKeys(kdfSalt, await hold(given, kdfSalt, () => undefined));
  }

  get ring(): KeyRing {
    return this.held.ring;
  }

  /** Names of all our keys in this store. */
  get keyIds(): readonly string[] {
    return this.held.keyIds;
  }

  /** Of these: what opens. Public keys only seal. */
  get openingKeyIds(): readonly string[] {
    return this.held.openingKeyIds;
  }

  /** Of these: what it seals with. */
  get currentKeyIds(): readonly string[] {
    return this.held.currentKeyIds;
  }

  get given(): GivenKeys {
    return this.held.given;
  }

  /** Takes these keys from now on; `warn` is told what is doubtful about them. When one of them cannot be used this throws, and the keys stay as they were. */
  async adopt(given: KeysConfig, warn: (warning: string) => void): Promise<KeyChange> {
    const before = this.held.keyIds;
    this.held = await hold(given, this.kdfSalt, warn);
    const { keyIds } = this.held;
    return {
      added: keyIds.filter((keyId) => !before.includes(keyId)),
      removed: before.filter((keyId) => !keyIds.includes(keyId)),
    };
  }
}

/** Ids of keys. */
export interface KeyChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The keys of a process that seals. Throws `keys/refused`. */
export async function openSealingKeys(given: KeysConfig, warn: (warning: string) => void): Promise<OpenedKeys> {
  const opened = await openKeys(given, warn);
  if (opened.ring.unfitToSeal !== undefined) throw opened.ring.unfitToSeal;
  return opened;
}

async function hold(given: KeysConfig, kdfSalt: string, warn: (warning: string) => void): Promise<Held> {
  const { given: texts, ring } = await openSealingKeys(given, warn);
  const keys = await ring.keyIds(kdfSalt);
  return {
    ...{ given: texts, ring, keyIds: keys.map(({ keyId }) => keyId) },
    openingKeyIds: keys.filter(({ opens }) => opens).map(({ keyId }) => keyId),
    currentKeyIds: await ring.currentKeyIds(kdfSalt),
  };
}
