import { describe, expect, it } from '@jest/globals';
import type { RetentionDecision } from '#retention';
import { refusalOf } from './cleanup-alert.js';

const kept = (reason: string): RetentionDecision => ({
  ...{ backupId: 'clinic-20261123T020000Z-k3f9q2', target: 'clinic', decision: 'kept-by-refusal' },
  reasons: ['31 days old, and no rule keeps it', reason],
});
const whole = '4 of 7 would go, which is over half: confirm the number 4 if that is meant';
const alone = 'of the target clinic 2 of 3 would go, which is over half: confirm the number 2 if that is meant';

describe('what a cleanup waits for', () => {
  it.each([
    ['nothing', [kept('the last three runs of its target failed')], null],
    ['the run', [kept(whole), kept(whole)], `nothing is removed, for ${whole}`],
    ['a target', [kept(alone), kept('pinned')], `not everything is removed, for ${alone}`],
  ])('is told: %s', (_name, decisions, message) => {
    expect(refusalOf({ decisions })?.message ?? null).toBe(message);
  });

  it('with the command that lists it', () => {
    const { hint } = refusalOf({ decisions: [kept(whole)] }, 'hazina destinations cleanup offsite') ?? {};
    expect(hint).toMatch(/^hazina destinations cleanup offsite --dry-run /);
  });
});
