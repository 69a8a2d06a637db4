import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { type BuildOptions, build } from 'esbuild';
import type { acknowledge } from '../../stacks/acknowledge.ts';
import { runProcess } from '../cli/desk.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-older-cdk-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An app's CDK, of which only so much is there. */
function installCdk(version: string, index: string): void {
  install('aws-cdk-lib', version, index);
  install('constructs', '10.0.0', `module.exports = require(${JSON.stringify(require.resolve('constructs'))});`);
}

function install(name: string, version: string, index: string): void {
  const place = join(folder, 'node_modules', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version, main: 'index.js' }));
  writeFileSync(join(place, 'index.js'), index);
}

/** One of our files as the package holds it: CommonJS, with the CDK of the app. */
async function bundled(entry: string): Promise<string> {
  const outfile = join(folder, 'bundled.js');
  const options: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'],
    conditions: ['keyturn-source'],
    packages: 'bundle',
    alias: { '#function-code': './stacks/function-code/prebuilt.ts' },
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'error',
  };
  await build({ ...options, entryPoints: [join(root, entry)], outfile });
  return outfile;
}

describe('a CDK below the minimum', () => {
  const load = async (version: string) => {
    installCdk(version, '');
    return runProcess([await bundled('stacks/index.ts')]);
  };

  test.each([
    '2.185.0',
    '2.99.3',
    '1.204.0',
  ])('%s is refused in one line, before a module that it lacks', async (version) => {
    const { stderr } = await load(version);
    expect(stderr).toContain(
      `Error: keyturn: expected aws-cdk-lib 2.186.0 or newer, this app has ${version}. Run: npm install aws-cdk-lib@latest\n`,
    );
    expect(stderr).not.toContain('Cannot find module');
  });

  test.each(['2.186.0', '2.1000.0', '3.0.0-alpha.1'])('%s is taken', async (version) => {
    const { stderr } = await load(version);
    expect(stderr).not.toContain('keyturn: expected');
  });
});

describe('what a finding of cdk-nag is acknowledged with', () => {
  /** The real CDK with Validations as an older one has it. */
  const loadAcknowledge = async (validations: string): Promise<typeof acknowledge> => {
    const members = 'Aspects, AspectPriority, CfnResource';
    const real = `const { ${members}, Validations } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});`;
    installCdk('2.186.0', `${real}\nmodule.exports = { ${members}, Validations: ${validations} };`);
    const file = await bundled('stacks/acknowledge.ts');
    return require(file).acknowledge;
  };
  const synthesize = (mark: typeof acknowledge) => {
    const stack = new Stack(new App(), 'Stack');
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    mark(role, 'Its actions know no resources.', 'IAM5[Resource::*]');
    // The policy comes later than the reason.
    role.addToPolicy(new iam.PolicyStatement({ actions: ['xray:PutTraceSegments'], resources: ['*'] }));
    mark(new sqs.Queue(stack, 'Queue'), 'It is a dead-letter queue.', 'SQS3', 'SQS4');
    return Template.fromStack(stack);
  };
  const metadataOf = (template: Template, type: string) =>
    Object.values(template.findResources(type)).map(({ Metadata }) => Metadata?.cdk_nag);
  const anyResource = {
    id: 'AwsSolutions-IAM5',
    reason: 'Its actions know no resources.',
    applies_to: ['Resource::*'],
  };

  const refusing = `{ of: () => ({ acknowledge({ id }) {
    if (id.split('::').length > 2) throw Object.assign(new Error(id), { name: 'InvalidValidationId' });
  } }) }`;
  test.each([
    ['without Validations', 'undefined'],
    ['whose Validations refuse ids of resources', refusing],
  ])('a CDK %s gets the metadata of cdk-nag 2, on what is in a construct too', async (_, validations) => {
    const template = synthesize(await loadAcknowledge(validations));
    expect(metadataOf(template, 'AWS::IAM::Policy')).toEqual([{ rules_to_suppress: [anyResource] }]);
    expect(metadataOf(template, 'AWS::SQS::Queue')).toEqual([
      {
        rules_to_suppress: ['SQS3', 'SQS4'].map((rule) => ({
          id: `AwsSolutions-${rule}`,
          reason: 'It is a dead-letter queue.',
        })),
      },
    ]);
  });

  test('today’s CDK gets acknowledged rules and no metadata', async () => {
    const template = synthesize(await loadAcknowledge('Validations'));
    expect([...metadataOf(template, 'AWS::IAM::Policy'), ...metadataOf(template, 'AWS::SQS::Queue')]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
