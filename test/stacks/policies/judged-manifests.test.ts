import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../../cli/desk.ts';
import { completeManifest } from '../manifests/complete-manifest.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyturn-judged-'));
const complete = join(folder, 'complete.json');
writeFileSync(complete, JSON.stringify(completeManifest));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rules are the CDK's to run: it does so in a process of its own, with its validation on. */
const judge = (more: Record<string, string> = {}) =>
  runProcess(['--conditions=keyturn-source', '--import', 'tsx', 'test/stacks/policies/judged-app.ts'], {
    CDK_VALIDATION: 'true',
    CDK_OUTDIR: join(folder, 'cdk.out'),
    ...(process.env.KEYTURN_BUNDLES && { KEYTURN_BUNDLES: process.env.KEYTURN_BUNDLES }),
    MANIFESTS: JSON.stringify(['examples/keyturn.json', complete]),
    ...more,
  });

test('no stack of a manifest has a finding of AwsSolutions without a reason, wherever it goes', async () => {
  expect(await judge()).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('a wildcard without a reason is a finding', async () => {
  const { code, stderr } = await judge({ SURPLUS_RESOURCE: 'arn:aws:sqs:eu-central-1:123456789012:*' });
  expect(code).not.toBe(0);
  expect(stderr).toContain('IAM5[Resource::arn:aws:sqs:eu-central-1:123456789012:*]');
  expect(stderr.match(/Acknowledge with/g)).toHaveLength(2);
});
