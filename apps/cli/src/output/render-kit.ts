import { formatTable, printable } from './format.js';
import { kitSections, kitTitle, type KitPart, type RecoveryKit } from './recovery-kit.js';

const width = 100;

export function kitAsText(kit: RecoveryKit): string {
  const sections = kitSections(kit).map(
    ({ title, parts }) => `${title}\n${'-'.repeat(title.length)}\n\n${parts.map(partAsText).join('\n\n')}`,
  );
  return `${kitTitle}\n${'='.repeat(kitTitle.length)}\n\n${sections.join('\n\n\n')}\n`;
}

function partAsText(part: KitPart): string {
  switch (part.kind) {
    case 'text':
      return wrap(part.text);
    case 'warning':
      return `${'!'.repeat(width)}\n${wrap(part.text)}\n${'!'.repeat(width)}`;
    case 'table':
      return formatTable(part.rows.map((row) => row.map(printable)));
    case 'commands':
      return part.lines.map((line) => `  ${printable(line)}`).join('\n');
    case 'blank':
      return `${part.label}:\n\n${`${'_'.repeat(width)}\n\n`.repeat(2).trimEnd()}`;
  }
}

function wrap(words: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

/** One page that needs nothing from elsewhere: no script, no font, no picture; made to be printed. */
export function kitAsHtml(kit: RecoveryKit): string {
  const sections = kitSections(kit)
    .map(({ title, parts }) => `<section>\n<h2>${escaped(title)}</h2>\n${parts.map(partAsHtml).join('\n')}\n</section>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${kitTitle}</title>
<style>
body { font: 11pt/1.45 serif; max-width: 48em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff; }
h1 { font-size: 18pt; } h2 { font-size: 13pt; border-bottom: 1px solid #000; margin-top: 1.6em; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .15em 1em .15em 0; }
th { font-weight: normal; white-space: nowrap; }
td, pre { font-family: monospace; font-size: 9.5pt; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { border: 1px solid #888; padding: .7em; }
.warning { border: 3px solid #000; padding: .7em; font-weight: bold; }
.blank { border-bottom: 1px solid #888; height: 2em; }
section { break-inside: avoid; }
@page { margin: 18mm; }
</style>
</head>
<body>
<h1>${kitTitle}</h1>
${sections}
</body>
</html>
`;
}

function partAsHtml(part: KitPart): string {
  switch (part.kind) {
    case 'text':
      return `<p>${escaped(part.text)}</p>`;
    case 'warning':
      return `<p class="warning">${escaped(part.text)}</p>`;
    case 'table':
      return `<table>\n${part.rows
        .map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`)
        .join('\n')}\n</table>`;
    case 'commands':
      return `<pre>${part.lines.map(escaped).join('\n')}</pre>`;
    case 'blank':
      return `<p>${escaped(part.label)}:</p>\n<div class="blank"></div>\n<div class="blank"></div>`;
  }
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return printable(text).replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');
}
