import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { loadAssembly } from '../../packages/laptop/assembly/load-assembly.ts';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { ManifestStack } from '../../stacks/manifest-stack.ts';

test('everybody may ask for the public keys of a manifest’s secret, by the two permissions of its URL', async () => {
  const outdir = mkdtempSync(join(tmpdir(), 'keyturn-jwks-'));
  const app = new App({ outdir });
  const tokens = {
    kind: 'jwt',
    secret: { new: { name: 'tokens', template: { jwt_algorithm: 'HS256' } } },
    algorithm: 'ES256',
    publicKeys: {},
  };
  new ManifestStack(app, 'Keyturn', { manifest: parseManifest({ secrets: { tokens } }) });
  app.synth();
  const cloud = await createCloud({ log: () => undefined });
  try {
    const [stack] = await loadAssembly(outdir, cloud);
    const url = Object.entries(stack?.outputs ?? {}).find(([name]) => name.startsWith('PublicKeysUrl'))?.[1];
    const answer = await fetch(String(url));
    // The secret holds a symmetric key until its first rotation: it is the function that answers.
    expect([answer.status, await answer.json()]).toEqual([200, { keys: [] }]);
  } finally {
    await cloud.close();
    rmSync(outdir, { recursive: true });
  }
});
