/** An object of which some methods are replaced; the rest goes on as it was. */
export function replaceCalls<T extends object>(target: T, calls: Partial<T>): T {
  return new Proxy(target, {
    get(inner, name) {
      const replaced: unknown = Reflect.get(calls, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(inner, name, inner);
      return typeof value === 'function' ? (value.bind(inner) as unknown) : value;
    },
  });
}

/** Asked before and after every call of a method that gives a promise. */
export interface CallWatch {
  readonly before?: (name: string, args: readonly unknown[]) => Promise<void>;
  readonly after?: (name: string, args: readonly unknown[]) => Promise<void>;
}

/** An object whose asynchronous methods tell a watch of each call; a watch that does not come back stalls the call. */
export function watchCalls<T extends object>(target: T, names: readonly (keyof T & string)[], watch: CallWatch): T {
  const calls: Partial<Record<string, unknown>> = {};
  for (const name of names) {
    const method: unknown = Reflect.get(target, name, target);
    if (typeof method !== 'function') continue;
    calls[name] = async (...args: unknown[]): Promise<unknown> => {
      await watch.before?.(name, args);
      const result: unknown = await (Reflect.apply(method, target, args) as Promise<unknown>);
      await watch.after?.(name, args);
      return result;
    };
  }
  return replaceCalls(target, calls as Partial<T>);
}
