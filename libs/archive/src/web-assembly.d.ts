/** What we use of WebAssembly: Node has it, but only the browser's type library describes it. */
declare namespace WebAssembly {
  interface Module {
    readonly brand: 'module';
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  const Instance: new (module: Module) => Instance;
}
