import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryIsBack } from './memory-base.js';
import { ServiceProcess } from './service-process.js';

// What is loaded into services for their tests, in a small program instead of one.

const program = `
const kept = [];
const say = (line) => console.log(JSON.stringify(line));
process.on('SIGHUP', () => { kept.push(Buffer.alloc(5 * 2 ** 20, 1)); say({ msg: 'leaked' }); });
process.on('SIGUSR2', () => { kept.length = 0; say({ msg: 'let go' }); });
process.on('SIGTERM', () => process.exit(0));
const timer = setInterval(() => say({
  msg: 'clock', now: Date.now(), date: new Date().getTime(), text: Date.parse(Date()), monotonic: performance.now(),
  fixed: new Date(7).getTime(), parts: new Date(2026, 1, 3).getDate(), is: new Date() instanceof Date, utc: Date.UTC(1970, 0, 1),
}), 20);
say({ msg: 'listening', port: 1 });
`;
const hourMs = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'hazina-process-'));
const entry = join(folder, 'program.mjs');
let service: ServiceProcess;

beforeAll(() => {
  writeFileSync(entry, program);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  service = ServiceProcess.spawn('worker', {}, entry, ['process-probe', 'process-clock']);
  await service.listening();
});
afterEach(async () => {
  // The channel to the test does not keep it from its end.
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

describe('a service under test', () => {
  it('tells what memory it holds: a leak is found, and its end', async () => {
    const kept = () => service.memoryKept();
    const base = await kept();
    await memoryIsBack(base, kept);
    service.child.kill('SIGHUP');
    await service.waitForLine(({ msg }) => msg === 'leaked', 'to leak');
    await expect(memoryIsBack(base, kept, 300)).rejects.toThrow(/buffers: .* MiB now/);
    service.child.kill('SIGUSR2');
    await service.waitForLine(({ msg }) => msg === 'let go', 'to let go');
    await memoryIsBack(base, kept);
  });

  it.each([2, -2])(
    'its wall clock jumps by %i hours, for whoever asks, and its monotonic one does not',
    async (hours) => {
      const look = async () => {
        const from = service.lines.length;
        const isNew = (line: unknown) => service.lines.indexOf(line as never) > from;
        return service.waitForLine((line) => line['msg'] === 'clock' && isNew(line), 'to show its clocks');
      };
      const before = await look();
      const shown = await service.jump(hours * hourMs);
      const after = await look();
      expect(Math.abs(shown.getTime() - Date.now() - hours * hourMs)).toBeLessThan(60_000);
      for (const clock of ['now', 'date', 'text'])
        expect(Math.abs(Number(after[clock]) - Number(before[clock]) - hours * hourMs)).toBeLessThan(60_000);
      expect(Number(after['monotonic']) - Number(before['monotonic'])).toBeLessThan(60_000);
      expect(after).toMatchObject({ fixed: 7, parts: 3, is: true, utc: 0 });
    },
  );
});
