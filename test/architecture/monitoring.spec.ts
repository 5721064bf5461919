import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { createInstruments } from '../../libs/metrics/src/instruments.js';
import { projectRoot } from '../support/run-hazina.js';

// The files for Prometheus and Grafana in deploy/: whatever they ask for is told under that name, with those labels.

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const read = (path: string): string => readFileSync(join(projectRoot, 'deploy', path), 'utf8');
const { groups } = parse(read('prometheus/hazina.rules.yaml')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('grafana/hazina.json')) as {
  panels: Panel[];
  templating: { list: { name: string; query: string }[] };
};
const expressions = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.map(({ query }) => query),
];

const registry = new Registry();
createInstruments(registry);
/** Name to labels; a histogram tells three series. */
const told = new Map<string, ReadonlySet<string>>(
  registry.getMetricsAsArray().flatMap((metric): [string, ReadonlySet<string>][] => {
    const { name, type, labelNames } = metric as unknown as { name: string; type: string; labelNames: string[] };
    if (type !== 'histogram') return [[name, new Set(labelNames)]];
    return ['_bucket', '_sum', '_count'].map((end) => [name + end, new Set([...labelNames, 'le'])]);
  }),
);
const recorded = new Set(rules.flatMap(({ record }) => (record === undefined ? [] : [record])));

describe('rules and dashboard', () => {
  it('ask for nothing that nobody tells', () => {
    const names = expressions.flatMap((text) => [...text.matchAll(/\bhazina[:_][a-z0-9_:]+/g)].map(([name]) => name));
    expect(names.length).toBeGreaterThan(30);
    expect([...new Set(names)].filter((name) => !told.has(name) && !recorded.has(name))).toEqual([]);
  });

  it('choose by labels that the metric has', () => {
    const unknown = expressions.flatMap((text) =>
      [...text.matchAll(/\b(hazina_[a-z0-9_]+)\{([^}]*)\}/g)].flatMap(([, name = '', labels = '']) =>
        [...labels.matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)]
          .map(([, label = '']) => label)
          .filter((label) => told.get(name)?.has(label) !== true)
          .map((label) => `${name}{${label}}`),
      ),
    );
    expect(unknown).toEqual([]);
  });

  it('group by labels that a metric of the expression has', () => {
    const unknown = expressions.flatMap((text) => {
      const names = [...text.matchAll(/\bhazina_[a-z0-9_]+/g)].map(([name]) => name);
      const grouped = [...text.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, ?/));
      return grouped.filter((label) => names.length > 0 && !names.some((name) => told.get(name)?.has(label)));
    });
    expect(unknown).toEqual([]);
  });
});

it('every alert has a name of its own, a severity and a sentence', () => {
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  for (const { alert, labels, annotations } of alerts) {
    expect({ alert, severity: labels?.severity }).toEqual({
      alert,
      severity: expect.stringMatching(/^(warning|critical)$/),
    });
    expect(annotations?.summary ?? '').toMatch(/\w/);
  }
});

it('backups, recovery point, recovery time and drills have their alerts and their panels', () => {
  const alerts = rules.filter(({ alert }) => alert !== undefined).map(({ expr }) => expr);
  const panels = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  for (const name of ['backup', 'recovery_point', 'recovery_time', 'drill'])
    for (const list of [alerts, panels]) expect(list.some((text) => text.includes(name))).toBe(true);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
});
