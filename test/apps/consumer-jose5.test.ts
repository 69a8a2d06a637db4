import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import { install, installedCopies, writeApp } from './install-app.ts';
import { environmentFor, startLaptopBeside } from './laptop-beside.ts';
import { run } from './run-command.ts';
import { tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The app signs with its own jose, whose newer version has no `KeyLike` and another `importJWK`; ours signs beside it. */
const program = (format: 'esm' | 'cjs') => {
  const load = (names: string, from: string) =>
    format === 'esm' ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`;
  return `${load('SignJWT, jwtVerify', 'jose')}
${load('createRequire', 'node:module')}
${load('JwtSigner, JwtVerifier', '@keyturn/consumer/jwt')}

async function main() {
  const { version } = createRequire(process.cwd() + '/')('./node_modules/jose/package.json');
  const key = new TextEncoder().encode('a key of the app, thirty-two bytes or so');
  const theirs = await new SignJWT({ sub: 'theirs' }).setProtectedHeader({ alg: 'HS256' }).sign(key);
  const ours = await new JwtSigner({ secretId: 'app/jwt' }).sign({ sub: 'ours' });
  const subjects = [(await jwtVerify(theirs, key)).payload.sub, (await new JwtVerifier({ secretId: 'app/jwt' }).verify(ours)).claims.sub];
  console.log(JSON.stringify({ major: version.split('.')[0], subjects }));
}
main();
`;
};

describe('an app that has jose 5', () => {
  const app = temporaryFolder('consumer-jose5');
  let cloud: RunningCloud;
  beforeAll(async () => {
    await writeApp(app, {
      'package.json': { name: 'shop', version: '1.0.0', private: true, dependencies: { jose: '^5.10.0' } },
      'app.mjs': program('esm'),
      'app.cjs': program('cjs'),
    });
    await install(app);
    await install(app, tarballs.consumer);
    cloud = await startLaptopBeside();
  });
  afterAll(() => cloud?.close());

  test('installs the library without a conflict, and keeps its own jose', async () => {
    expect((await installedCopies(app, 'jose')).sort()).toEqual([
      'node_modules/@keyturn/consumer/node_modules/jose',
      'node_modules/jose',
    ]);
  });

  test.each(['app.mjs', 'app.cjs'])('signs with both: %s', async (file) => {
    const text = await run(app, ['node', file], environmentFor(cloud));
    expect(JSON.parse(text)).toEqual({ major: '5', subjects: ['theirs', 'ours'] });
  });
});
