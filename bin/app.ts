import { App } from 'aws-cdk-lib';
import settings from '../cdk.json' with { type: 'json' };
import { KeyturnError, ManifestStack, readManifest } from '../stacks/index.ts';

class ManifestUnnamed extends KeyturnError {
  readonly code = 'ManifestUnnamed';
}

// The flags of cdk.json count however the app is started; the manifest that it names is the clone's own example.
// https://docs.aws.amazon.com/cdk/v2/guide/featureflags.html
const { manifest: _, ...featureFlags } = settings.context;
const app = new App({ context: featureFlags });
// cdk.json names the example; another one is `cdk deploy -c manifest=keyturn.json`.
const path: unknown = app.node.tryGetContext('manifest');
try {
  if (typeof path !== 'string') {
    throw new ManifestUnnamed('No manifest is named. Name one: cdk synth -c manifest=keyturn.json');
  }
  new ManifestStack(app, 'Keyturn', {
    manifest: readManifest(path),
    description: `Keyturn: rotates the secrets of ${path}`,
  });
  app.synth();
} catch (error) {
  if (!(error instanceof KeyturnError)) throw error;
  // A person reads this: a stack trace says nothing about a manifest.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
