import type { AppError, ErrorCode } from '#contracts';

export interface ContentKind {
  readonly kind: 'mongodump-archive' | 'manifest';
  readonly compression: 'none' | 'gzip' | 'zstd';
}

/** A key slot. Slots of kinds that we do not know are kept as they are. */
export interface Slot {
  readonly keyId: string;
  readonly kind: string;
}

export interface WrappedSlot extends Slot {
  readonly kind: 'raw' | 'scrypt';
  readonly salt: string;
  /** Base64 of 48 bytes. */
  readonly wrapped: string;
}

export interface ScryptSlot extends WrappedSlot {
  readonly kind: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly kdfSalt: string;
}

/** For a recipient (docs/container-format.md, "Recipients"). */
export interface X25519Slot extends Slot {
  readonly kind: 'x25519';
  /** Base64 of 32 bytes. */
  readonly enc: string;
  /** Base64 of 48 bytes. */
  readonly wrapped: string;
}

export interface KmsSlot extends Slot {
  readonly kind: 'aws-kms';
  readonly keyArn: string;
  /** Base64 of what KMS gave. */
  readonly wrapped: string;
}

/** The header JSON (spec/container.md); unknown fields are there too. */
export interface ContainerHeader {
  readonly v: 1;
  readonly fileId: string;
  readonly suite: 'AES256-GCM-HKDF-1MB';
  readonly content: ContentKind;
  readonly createdAt: string;
  readonly backupId: string;
  readonly slots: readonly Slot[];
}

/** A parsed 4096-byte header region. */
export interface HeaderRegion {
  readonly header: ContainerHeader;
  /** The JSON value with unknown fields, for comparisons. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

export interface ContainerWarning {
  /** Why a sidecar was not used (its error's code), or `container/bad-header` where it stands in for a damaged header. */
  readonly code: ErrorCode;
  readonly message: string;
}

/** A header that was read, and what was odd about it and its sidecar. */
export interface ReadHeader {
  readonly header: ContainerHeader;
  /** Which of the two it is. With a sidecar, the first 4096 bytes of the file may be damaged and the rest as good as ever. */
  readonly from: 'file' | 'sidecar';
  readonly warnings: readonly ContainerWarning[];
  /** Why the sidecar that lies there was not used. */
  readonly sidecarFailure?: AppError;
}

/** A header that opened with one of our keys, with its data key: whoever asked for it wipes it. */
export interface UnlockedHeader extends ReadHeader {
  readonly dek: Buffer;
}
