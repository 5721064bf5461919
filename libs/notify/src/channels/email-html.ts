import type { AlertText } from '../alert-text.js';

/** The small HTML of an alert mail: the same words as its plain text, and nothing that is loaded from elsewhere. */
export function emailHtml(alert: AlertText): string {
  const rows = alert.facts.map(
    ([label, value]) =>
      `<tr><th align="left" valign="top" style="padding:2px 12px 2px 0">${escaped(label)}</th><td>${escaped(value)}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><body style="font-family:sans-serif">',
    `<h3>${escaped(alert.subject)}</h3><p>${escaped(alert.lead)}</p>`,
    `<table>${rows.join('')}</table></body></html>`,
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
