import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { OnLoadResult, Plugin } from 'esbuild';
import { leftOut, never } from './left-out.ts';
import { type ClientFiles, changed, type KeptMembers, type PrunedClient, pruneModels } from './prune-models.ts';
import { prunePartitions } from './prune-partitions.ts';
import { type Shared, shareClient, shareConfiguration, shareRules, shareSigning } from './share-clients.ts';

const text = (path: string) => readFileSync(path, 'utf8');
const asFile = (path: string) => path.replaceAll('\\', '/').replace(/^.*\/node_modules\//, '');

/**
 * Of the SDK's models, what a bundle uses. Nothing that a function can see is changed but this: the classes of most errors
 * are missing, which fails the bundling of what imports them. Errors are recognised by their names.
 */
export function prunedModels(keptOf: Readonly<Record<string, KeptMembers>> = {}): Plugin {
  const clients = new Map<string, PrunedClient | undefined>();
  const pruned = (path: string) => {
    const folder = dirname(dirname(path));
    if (!clients.has(folder)) clients.set(folder, pruneModels(filesOf(folder), keptOf[basename(dirname(folder))]));
    return clients.get(folder);
  };
  return {
    name: 'pruned-models',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) =>
        module(pruned(path)?.schemas),
      );
      onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]models[\\/]errors\.js$/ }, ({ path }) =>
        module(pruned(path)?.errors),
      );
      // The clients import all of it for the version.
      onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, ({ path }) => ({
        contents: JSON.stringify({ version: JSON.parse(text(path)).version }),
        loader: 'json',
      }));
      onLoad({ filter: /[\\/]@aws-sdk[\\/]core[\\/]dist-es[\\/].*[\\/]partitions\.js$/ }, ({ path }) =>
        module(prunePartitions(asFile(path), text(path))),
      );
    },
  };
}

const filesOf = (folder: string): ClientFiles => ({
  client: asFile(folder),
  schemas: text(join(folder, 'schemas', 'schemas_0.js')),
  errors: existsSync(join(folder, 'models', 'errors.js')) ? text(join(folder, 'models', 'errors.js')) : '',
  configuration: text(join(folder, 'runtimeConfig.shared.js')),
  declarationsOf: (operation) => text(join(folder, '..', 'dist-types', 'commands', `${operation}Command.d.ts`)),
});

const shareable: readonly (readonly [string, (text: string) => Shared | undefined])[] = [
  ['runtimeConfig', shareConfiguration],
  ['\\w+Client', shareClient],
  ['auth[\\\\/]httpAuthSchemeProvider', shareSigning],
  ['endpoint[\\\\/]EndpointParameters', shareSigning],
  ['endpoint[\\\\/]bdd', shareRules],
];

/** One text where the clients of a bundle bring the same several times. */
export function sharedClients(): Plugin {
  const texts = new Map<string, { contents: string; resolveDir: string }>();
  return {
    name: 'shared-clients',
    setup({ onLoad, onResolve }) {
      const share = (path: string, found: Shared | undefined): OnLoadResult | undefined => {
        const root = path.slice(0, path.search(/[\\/]dist-es[\\/]/));
        // Its imports must mean the same for all: those of a package with packages of its own may not.
        if (!found || existsSync(join(root, 'node_modules'))) return undefined;
        const id = `shared-${createHash('sha256').update(dirname(root)).update(found.shared).digest('hex')}`;
        if (!texts.has(id)) texts.set(id, { contents: found.shared, resolveDir: dirname(path) });
        return { contents: found.own(id), loader: 'js', resolveDir: dirname(path) };
      };
      for (const [module, shareOf] of shareable) {
        const filter = new RegExp(`[\\\\/]@aws-sdk[\\\\/]client-[^\\\\/]+[\\\\/]dist-es[\\\\/]${module}\\.js$`);
        onLoad({ filter }, ({ path }) => share(path, shareOf(text(path))));
      }
      onResolve({ filter: /^shared-[0-9a-f]{64}$/ }, ({ path }) => ({ path, namespace: 'shared' }));
      onLoad({ filter: /./, namespace: 'shared' }, ({ path }) => ({ ...texts.get(path), loader: 'js' }));
    },
  };
}

const module = (contents: string | undefined): OnLoadResult | undefined =>
  contents === undefined ? undefined : { contents, loader: 'js' };

/** Without what Keyturn's own functions never reach. */
export const leavingOut: Plugin = {
  name: 'leaving-out',
  setup({ onLoad, onResolve }) {
    // A protocol loads it when an operation streams events, which none of ours does; clients that need it import it.
    onResolve({ filter: /^@smithy\/core\/event-streams$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'event-streams', namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /^event-streams$/, namespace: 'left-out' }, () => module(never('Streaming of events')));
    for (const { module: name, source, expects } of leftOut) {
      const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('/', '[\\\\/]');
      onLoad({ filter: new RegExp(`[\\\\/]node_modules[\\\\/]${pattern}$`) }, ({ path }) => {
        if (!text(path).includes(expects)) throw changed(asFile(path), expects);
        return { contents: source, loader: 'js', resolveDir: dirname(path) };
      });
    }
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]runtimeExtensions\.js$/ }, ({ path }) => {
      if (text(path) !== EXTENSIONS) throw changed(asFile(path), EXTENSIONS);
      return { contents: NO_EXTENSIONS, loader: 'js', resolveDir: dirname(path) };
    });
  },
};

/** How a client applies extensions. Without any it returns the configuration that it was given, and gives it to the HTTP handler. */
const EXTENSIONS = `import { getAwsRegionExtensionConfiguration, resolveAwsRegionExtensionConfiguration } from "@aws-sdk/core/client";
import { getDefaultExtensionConfiguration, resolveDefaultRuntimeConfig } from "@smithy/core/client";
import { getHttpHandlerExtensionConfiguration, resolveHttpHandlerRuntimeConfig } from "@smithy/core/protocols";
import { getHttpAuthExtensionConfiguration, resolveHttpAuthRuntimeConfig } from "./auth/httpAuthExtensionConfiguration";
export const resolveRuntimeExtensions = (runtimeConfig, extensions) => {
    const extensionConfiguration = Object.assign(getAwsRegionExtensionConfiguration(runtimeConfig), getDefaultExtensionConfiguration(runtimeConfig), getHttpHandlerExtensionConfiguration(runtimeConfig), getHttpAuthExtensionConfiguration(runtimeConfig));
    extensions.forEach((extension) => extension.configure(extensionConfiguration));
    return Object.assign(runtimeConfig, resolveAwsRegionExtensionConfiguration(extensionConfiguration), resolveDefaultRuntimeConfig(extensionConfiguration), resolveHttpHandlerRuntimeConfig(extensionConfiguration), resolveHttpAuthRuntimeConfig(extensionConfiguration));
};
`;

const NO_EXTENSIONS = `import { getHttpHandlerExtensionConfiguration } from "@smithy/core/protocols";
export const resolveRuntimeExtensions = (runtimeConfig, extensions) => {
  if (extensions.length > 0) throw new Error("Extensions of a client are not in this bundle. See tools/bundle/plugins.ts.");
  getHttpHandlerExtensionConfiguration(runtimeConfig);
  return runtimeConfig;
};
`;
