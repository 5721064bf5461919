import { AppError } from '#contracts';
import { rawFields, textOf, type RawValue } from '../dump/raw-fields.js';
import { describePlace, parseInner, type OplogEntry, type OplogOperation } from './oplog-entry.js';

interface OpenTransaction {
  readonly operations: OplogOperation[];
  bytes: number;
}

const type = { document: 0x03, array: 0x04, boolean: 0x08 } as const;
/** Operations of transactions that are not committed yet, all together. */
const mostWaitingBytes = 256 << 20;

/**
 * Turns entries into the operations that took effect, in the order in which they did: those inside `applyOps` one by one, those of a transaction when it is
 * committed (it may come in several entries), those of an aborted one never. What is not committed at the end had no effect at the moment of the backup.
 */
export class TransactionUnfolder {
  private readonly open = new Map<string, OpenTransaction>();
  private waitingBytes = 0;

  constructor(private readonly mostBytes = mostWaitingBytes) {}

  /** Transactions that have begun and are neither committed nor aborted. */
  get unfinished(): number {
    return this.open.size;
  }

  take(entry: OplogEntry): readonly OplogOperation[] {
    if (entry.op !== 'c') return [entry];
    const command = rawFields(entry.o);
    const inner = command.get('applyOps');
    const { transaction } = entry;
    if (transaction === undefined) return inner === undefined ? [entry] : innerOperations(entry, inner);
    if (command.has('abortTransaction')) {
      this.forget(transaction);
      return [];
    }
    if (command.has('commitTransaction')) return this.forget(transaction);
    if (inner === undefined) return [entry];
    const operations = innerOperations(entry, inner);
    if (!isTrue(command.get('partialTxn')) && !isTrue(command.get('prepare')))
      return [...this.forget(transaction), ...operations];
    this.keep(transaction, operations, entry);
    return [];
  }

  private keep(transaction: string, operations: readonly OplogOperation[], entry: OplogEntry): void {
    const open = this.open.get(transaction) ?? { operations: [], bytes: 0 };
    open.operations.push(...operations);
    open.bytes += entry.o.length;
    this.waitingBytes += entry.o.length;
    this.open.set(transaction, open);
    if (this.waitingBytes <= this.mostBytes) return;
    throw new AppError({
      code: 'restore/failed',
      stage: 'load',
      message: `At ${describePlace(entry)}: transactions of more than ${Math.round(this.mostBytes / 2 ** 20)} MiB are open at once, which is more than this restore keeps in memory`,
      hint: 'The target was left as it was. Restore without the oplog (--no-oplog-replay), or by --engine mongorestore',
    });
  }

  private forget(transaction: string): readonly OplogOperation[] {
    const open = this.open.get(transaction);
    this.open.delete(transaction);
    this.waitingBytes -= open?.bytes ?? 0;
    return open?.operations ?? [];
  }
}

/** Of an `applyOps`; one inside another is unfolded too. */
function innerOperations(around: OplogOperation, value: RawValue): OplogOperation[] {
  if (value.type !== type.array) throw malformed(around);
  const operations: OplogOperation[] = [];
  for (const item of rawFields(value.bytes).values()) {
    if (item.type !== type.document) throw malformed(around);
    const operation = parseInner(item.bytes, around.place);
    const nested = operation.op === 'c' ? rawFields(operation.o).get('applyOps') : undefined;
    if (nested === undefined) operations.push(operation);
    else operations.push(...innerOperations(operation, nested));
  }
  return operations;
}

/** The first field of a command's object: what the command is, and its text value where it has one. */
export function commandOf({ o }: Pick<OplogOperation, 'o'>): {
  readonly name: string;
  readonly value: string | undefined;
} {
  const [first] = rawFields(o);
  return { name: first?.[0] ?? '', value: textOf(first?.[1]) };
}

function isTrue(value: RawValue | undefined): boolean {
  return value?.type === type.boolean && value.bytes[0] === 1;
}

function malformed(operation: OplogOperation): AppError {
  return new AppError({
    code: 'archive/corrupt-structure',
    stage: 'archive',
    message: `The list of operations of ${describePlace(operation)} is none`,
    hint: 'The archive was put together by something else than mongodump, or damaged. The target was left as it was',
  });
}
