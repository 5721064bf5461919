import { describe, expect, it } from '@jest/globals';
import type { Catalog } from '#catalog';
import type { DrillRecord } from '#contracts';
import { recoveryOf } from './recovery.js';

const now = new Date('2026-11-23T12:00:00Z');

function drill(drillId: string, outcome: 'equal' | 'different' | null): DrillRecord {
  const report = outcome && { outcome, restoreMs: 1_000, documents: 3, bytes: 90 };
  return { drillId, backupId: `of-${drillId}`, completedAt: now, report } as unknown as DrillRecord;
}

/** Only what the recovery of a target is made of. */
function catalogOf(history: readonly DrillRecord[], lastGood: DrillRecord | null) {
  const asked: string[] = [];
  const drills = {
    history: () => Promise.resolve(history),
    lastGood: (target: string) => {
      asked.push(target);
      return Promise.resolve(lastGood);
    },
  };
  const backups = { otherGood: () => Promise.resolve([]) };
  return { asked, catalog: { drills, backups } as unknown as Catalog };
}

const timeOf = async (history: readonly DrillRecord[], lastGood: DrillRecord | null) => {
  const { asked, catalog } = catalogOf(history, lastGood);
  const time = (await recoveryOf(catalog, ['clinic'], now)).get('clinic')?.recoveryTime;
  return { asked, time };
};

describe('how long a restore takes', () => {
  it('is what the newest drill measured that found all equal', async () => {
    const { asked, time } = await timeOf([drill('bad', 'different'), drill('good', 'equal')], null);
    expect(time).toMatchObject({ drillId: 'good', history: [{ drillId: 'bad' }, { drillId: 'good' }] });
    expect(asked).toEqual([]);
  });

  it('is known however many were bad since', async () => {
    const bad = Array.from({ length: 30 }, (_, at) => drill(`bad-${at}`, at % 2 === 0 ? 'different' : null));
    const { asked, time } = await timeOf(bad, drill('old', 'equal'));
    expect(time).toMatchObject({ drillId: 'old', backupId: 'of-old', restoreMs: 1_000 });
    expect(time?.history).toHaveLength(15);
    expect(asked).toEqual(['clinic']);
  });

  it('is not known where no drill ever found all equal, nor asked for where there was none', async () => {
    expect(await timeOf([drill('bad', 'different')], null)).toEqual({ asked: ['clinic'], time: null });
    expect(await timeOf([], null)).toEqual({ asked: [], time: null });
  });
});
