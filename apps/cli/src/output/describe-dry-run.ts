import type { LeftAlone, RestoreEstimate, RestoreFindings } from '#contracts';
import type { DryRun } from '#pipeline';
import { formatBytes, formatCount, formatTable, plural, printable } from './format.js';

/** What would be written, what stands in the way, what was looked at for that and what was not. */
export function describeDryRun({ plan, findings }: DryRun): string {
  const { namespaces, notes, warnings = [] } = plan;
  const header = ['FROM', 'TO', 'TYPE', 'DOCUMENTS', 'ACTION'];
  const rows = namespaces.map(({ from, db, collection, type, documents, action }) => [
    printable(from),
    printable(`${db}.${collection}`),
    type,
    documents === null ? '?' : formatCount(documents),
    action,
  ]);
  const numberOf = (what: string): number => namespaces.filter(({ action }) => action === what).length;
  const refused = numberOf('refused');
  const told = new Set(findings.conflicts.map(({ message }) => message));
  return [
    formatTable([header, ...rows], [3]),
    ...warnings.filter((warning) => !told.has(warning)).map((warning) => `Warning: ${printable(warning)}`),
    ...notes.map((note) => `Note: ${printable(note)}`),
    ...describeLeftAlone(findings.leftAlone ?? []),
    ...describeFindings(findings),
    `Dry run: nothing was changed. ${plural(numberOf('create'), 'namespace')} would be created, ${formatCount(numberOf('replace'))} replaced${refused === 0 ? '' : `, ${formatCount(refused)} refused`}.`,
  ].join('\n');
}

/** So many are named; `--json` names them all. */
const mostNamed = 20;

function describeLeftAlone(leftAlone: readonly LeftAlone[]): string[] {
  if (leftAlone.length === 0) return [];
  const names = leftAlone.slice(0, mostNamed).map(({ db, collection }) => printable(`${db}.${collection}`));
  const more = leftAlone.length > mostNamed ? ` and ${formatCount(leftAlone.length - mostNamed)} more` : '';
  return [`Left alone in these databases: ${names.join(', ')}${more}`];
}

function describeFindings({ conflicts, checked, notChecked, estimate }: RestoreFindings): string[] {
  return [
    ...(conflicts.length === 0 ? ['Conflicts: none was found'] : ['Conflicts:']),
    ...conflicts.map(({ blocking, message }) => `  ${blocking ? 'STOPS IT' : 'note'}: ${printable(message)}`),
    'Checked:',
    ...checked.map((what) => `  ${printable(what)}`),
    'Not checked:',
    ...notChecked.map((what) => `  ${printable(what)}`),
    describeEstimate(estimate),
  ];
}

function describeEstimate({ documents, bytes, freeBytes }: RestoreEstimate): string {
  const size = bytes === null ? 'a size that is not known before it is read' : formatBytes(bytes);
  const what = documents === null ? size : `${plural(documents, 'document')}, ${size}`;
  const free = freeBytes === null ? 'the server does not tell' : formatBytes(freeBytes);
  return `Estimate: ${what}, before the server compresses it; free on its disk: ${free}`;
}
