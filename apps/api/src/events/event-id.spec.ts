import { describe, expect, it } from '@jest/globals';
import { formatEventId, parseEventId } from './event-id.js';

const place = { time: Date.parse('2026-11-25T10:00:00.123Z'), number: 41, feed: '0123456789ab' };

describe('the id of an event', () => {
  it.each([null, 'f'.repeat(32)])('tells its place, and the resume code %s', (resumeCode) => {
    expect(parseEventId(formatEventId(place, resumeCode))).toEqual({ place, resumeCode });
  });

  it.each([
    '',
    '1',
    '1-2',
    '1-2-3',
    '-1-2-0123456789ab',
    '1-2-0123456789ab-',
    '1-2-0123456789AB',
    '../../x',
    `${'z'.repeat(11)}-0-0123456789ab`,
  ])('is none: "%s"', (text) => {
    expect(parseEventId(text)).toBeNull();
  });
});
