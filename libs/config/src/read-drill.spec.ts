import { describe, expect, it } from '@jest/globals';
import { checkDrills, drillSettings, readDrill, type DrillConfig } from './read-drill.js';

const defaults: DrillConfig = { schedule: { cron: '0 5 * * 0', timezone: 'UTC' }, targetName: null, queries: [] };

function read(settings: unknown): { drill: DrillConfig; problems: string[] } {
  const problems: string[] = [];
  const drill = readDrill(
    { problem: (text) => problems.push(text) },
    { name: 'clinic', at: (...path) => `${path.join('.')}: ` },
    drillSettings.parse(settings),
    defaults,
  );
  return { drill, problems };
}

const query = {
  name: 'recent',
  collection: 'clinic.visits.2026',
  query: '{"at": {"$gt": {"$ago": "2d"}}}',
  expect: '> 0',
};

describe('drills of a target', () => {
  it('are those of the environment when it says nothing', () => {
    expect(read({})).toEqual({ drill: defaults, problems: [] });
  });

  it('have a schedule, a scratch target and queries of their own', () => {
    const { drill, problems } = read({
      schedule: '30 6 * * *',
      timezone: 'Europe/Zurich',
      target: 'staging',
      queries: [query],
    });
    expect(problems).toEqual([]);
    expect(drill).toEqual({
      ...{ schedule: { cron: '30 6 * * *', timezone: 'Europe/Zurich' }, targetName: 'staging' },
      queries: [
        {
          ...{ name: 'recent', database: 'clinic', collection: 'visits.2026', query: query.query },
          expect: { min: 1, max: null },
        },
      ],
    });
  });

  it('take a query as YAML, and a count as a number', () => {
    const { drill } = read({ queries: [{ ...query, query: { a: 1 }, expect: 3 }] });
    expect(drill.queries).toMatchObject([{ query: '{"a":1}', expect: { min: 3, max: 3 } }]);
  });

  it.each([
    [{ ...query, expect: 'many' }, /^queries\.0\.expect: drill of clinic: .*expect must be/],
    [{ ...query, query: 'no json' }, /^queries\.0\.query: drill of clinic: .*query is no JSON/],
    [{ ...query, query: '[]' }, /no JSON object/],
    [{ ...query, query: '{"a": {"$ago": "soon"}}' }, /\$ago takes an age/],
  ])('say what is wrong with %j', (wrong, said) => {
    const { drill, problems } = read({ queries: [wrong] });
    expect(drill.queries).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(said);
  });

  it('need a scratch target', () => {
    const problems: string[] = [];
    const reader = { problem: (text: string) => problems.push(text) };
    const check = (drill: DrillConfig, ...restoreTargets: { name: string; scratch: boolean }[]) =>
      checkDrills(
        reader,
        [{ name: 'clinic', drill }],
        restoreTargets,
        (name, ...path) => `${[name, ...path].join('.')}: `,
      );
    check(defaults, { name: 'production', scratch: false });
    check({ ...defaults, targetName: 'x' }, { name: 'y', scratch: true });
    expect(problems).toEqual([
      expect.stringMatching(/^clinic\.drill\.schedule: drills of clinic are scheduled/),
      expect.stringMatching(/^clinic\.drill\.target: drill of clinic: x is no scratch target/),
    ]);
    check(defaults, { name: 'staging', scratch: true });
    check({ ...defaults, schedule: { cron: null, timezone: 'UTC' } });
    expect(problems).toHaveLength(2);
  });
});
