import { describe, expect, it } from '@jest/globals';
import { judgeAnswer } from './judge-answer.js';

const before = (text: string | null, byLine: boolean) =>
  judgeAnswer({ text, byLine }, { event: 'backup.before' }, (reason) => `<${reason}>`);
const veto = { kind: 'no', reason: '<month end>' };

describe.each([false, true])('an answer, line by line: %s', (byLine) => {
  it.each([
    ['nothing', ''],
    ['words', 'all is well'],
    ['other JSON', '{"ok": true}'],
    ['a list', '[{"veto": "month end"}]'],
    ['no veto', '{"veto": false}'],
    ['no veto, without a word for it', '{"veto": null}'],
    ['no reason', '{"veto": ""}'],
  ])('%s is a yes', (_what, text) => expect(before(text, byLine)).toEqual({ kind: 'yes' }));

  it.each([
    ['plain', '{"veto": "month end"}'],
    ['with white space', '\n {"veto": "month end"}\r\n'],
    ['over several lines', '{\n  "veto": "month end"\n}\n'],
    ['after a byte order mark', '\ufeff{"veto": "month end"}'],
  ])('a veto %s', (_what, text) => expect(before(text, byLine)).toEqual(veto));

  it('a veto without a reason', () => {
    expect(before('{"veto": true}', byLine)).toEqual({ kind: 'no', reason: '<it gave no reason>' });
  });

  it.each([
    ['that did not come', null],
    ['that is no JSON', '{"veto": "no back'],
    ['in single quotes', "{'veto': 'month end'}"],
    ['of another kind', '{"veto": ["month end"]}'],
  ])('one %s is no answer before a backup, and a yes after it', (_what, text) => {
    expect(before(text, byLine)).toMatchObject({ kind: 'failed', again: true });
    const after = judgeAnswer({ text, byLine }, { event: 'backup.after' }, String);
    expect(after).toEqual({ kind: 'yes' });
  });
});

describe('the lines of a command', () => {
  it.each([
    ['before', '{"veto": "month end"}\nasked the books'],
    ['after', 'asking the books\r\n{"veto": "month end"}\r\n'],
    ['among JSON of a log', '{"level": "info"}\n  {"veto": "month end"}\n{"level": "info"}'],
    ['beside half a line', '{"veto": "month end"}\n{"level'],
  ])('a veto stands %s others', (_where, text) => expect(before(text, true)).toEqual(veto));

  it.each([
    ['a log in JSON', '{"level": "info"}\n{"level": "info"}'],
    ['JSON over several lines after words', 'asking\n[\n  {\n    "a": 1\n  }\n]'],
  ])('%s is a yes', (_what, text) => expect(before(text, true)).toEqual({ kind: 'yes' }));

  it('a veto over several lines after words is not read, and no yes', () => {
    expect(before('asking\n{\n  "veto": "month end"\n}', true)).toMatchObject({ kind: 'failed' });
  });

  it('are no lines of a server', () => {
    expect(before('well\n{"veto": "month end"}', false)).toEqual({ kind: 'yes' });
  });
});
