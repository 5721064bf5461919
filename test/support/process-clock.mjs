// Loaded into a service by `--import`: its wall clock jumps by as many milliseconds as its test says, for everything that asks `Date`, that of packages too. As with
// a jump of the system's time the monotonic clock and the timers run on.
const Real = Date;
let aheadMs = 0;
const now = () => Real.now() + aheadMs;

globalThis.Date = new Proxy(Real, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new Real(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
Real.prototype.constructor = globalThis.Date;

process.on('message', ({ asked, value }) => {
  if (asked !== 'clock') return;
  aheadMs = value;
  process.send?.({ answered: asked, value: now() });
});
process.channel?.unref();
