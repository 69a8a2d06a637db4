import { NEWEST_CDK, synthesize } from './cdk-app.ts';
import { install, installedCopies, writeApp } from './install-app.ts';
import { withSnippet } from './readme-snippet.ts';
import { run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const EMPTY_STACK = `import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
  }
}
`;
const compilerOptions = { target: 'es2022', lib: ['es2022'], strict: true, noEmit: true, skipLibCheck: false };

describe('an app of modules: TypeScript 5.9, declarations of libraries checked', () => {
  const app = temporaryFolder('esm');
  beforeAll(async () => {
    await writeApp(app, {
      'package.json': { name: 'shop', version: '1.0.0', private: true, type: 'module' },
      'cdk.json': { app: 'npx tsx bin/shop.ts' },
      'bin/shop.ts': `import { App } from 'aws-cdk-lib';\nimport { ShopStack } from '../lib/shop-stack.js';\n\nnew ShopStack(new App(), 'ShopStack');\n`,
      'lib/shop-stack.ts': withSnippet(EMPTY_STACK, 'typescript'),
      'tsconfig.node16.json': { compilerOptions: { ...compilerOptions, module: 'node16' } },
      'tsconfig.bundler.json': {
        compilerOptions: { ...compilerOptions, module: 'preserve', moduleResolution: 'bundler' },
      },
    });
    const tools = ['typescript@5.9', 'tsx@4', '@types/node@20', asLocked('aws-cdk')];
    await install(app, NEWEST_CDK, asLocked('constructs'), ...tools, tarballs.keyturn);
  });

  test('has one aws-cdk-lib', async () => {
    expect(await installedCopies(app, 'aws-cdk-lib')).toEqual(['node_modules/aws-cdk-lib']);
  });

  test.each(['node16', 'bundler'])("type-checks README's snippet: moduleResolution %s", async (resolution) => {
    expect(await run(app, ['npx', 'tsc', '--version'])).toMatch(/^Version 5\.9\./);
    await run(app, ['npx', 'tsc', '-p', `tsconfig.${resolution}.json`]);
  });

  test('synthesizes', async () => {
    const types = Object.values((await synthesize(app)).Resources).map(({ Type }) => Type);
    expect(types).toContain('AWS::SecretsManager::RotationSchedule');
    expect(types).toContain('AWS::StepFunctions::StateMachine');
  });
});
