import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { drillRequestOf, type DrillSubject } from './drill-request.js';

type Parts = Parameters<typeof drillRequestOf>[0];

const restoreTarget = (name: string, scratch = true) => ({ name, scratch, uri: new Secret(`mongodb://${name}`) });

const queries = [{ name: 'recent', collection: 'clinic.visits', query: {}, expect: { min: 1 } }];

function parts(drillTarget: string | null): Parts {
  const targets = [{ name: 'clinic', drill: { targetName: drillTarget, queries } }];
  const restoreTargets = [restoreTarget('first'), restoreTarget('second'), restoreTarget('live', false)];
  return { config: { targets, restoreTargets, lease: { leaseMs: 2, beatMs: 1 } } } as unknown as Parts;
}

const subject = (targetName: string | null, target = 'clinic'): DrillSubject => ({
  ...{ runId: 'run', fence: 1, backupId: 'clinic-1', target, targetName },
});
const uriOf = (given: Parts, of: DrillSubject): string => drillRequestOf(given, of).uri.reveal();

describe('where a drill and a verification of the level restored load a backup', () => {
  it("into the scratch target that is asked for, else that of the target's own settings, else the first", () => {
    expect(uriOf(parts('second'), subject('first'))).toBe('mongodb://first');
    expect(uriOf(parts('second'), subject(null))).toBe('mongodb://second');
    expect(uriOf(parts(null), subject(null))).toBe('mongodb://first');
    expect(uriOf(parts('second'), subject(null, 'forgotten'))).toBe('mongodb://first');
  });

  it.each([
    ['live', 'request/unsupported'],
    ['nowhere', 'target/unknown'],
  ])('never into one that is none: %s', (own, code) => {
    expect(() => drillRequestOf(parts(own), subject(null))).toThrow(expect.objectContaining({ code }));
  });

  it("ask the target's own queries, and none of a target that is not configured", () => {
    expect(drillRequestOf(parts(null), subject(null)).queries).toEqual(queries);
    expect(drillRequestOf(parts(null), subject(null, 'forgotten')).queries).toEqual([]);
  });
});
