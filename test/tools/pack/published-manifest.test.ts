import { publishedManifest } from '../../../tools/pack/published-manifest.ts';

test('a published manifest names nothing that is only in the repository', () => {
  const manifest = {
    name: 'x',
    version: '1.2.3',
    private: true,
    workspaces: ['packages/*'],
    scripts: { test: 'jest' },
    overrides: { a: '1' },
    imports: { '#code': './sources.ts' },
    exports: {
      '.': { 'keyturn-source': './index.ts', import: { types: './dist/index.d.ts', default: './dist/index.js' } },
    },
    dependencies: { b: '^1.0.0' },
    devDependencies: { c: '^2.0.0' },
  };
  expect(publishedManifest(manifest)).toEqual({
    name: 'x',
    version: '1.2.3',
    exports: { '.': { import: { types: './dist/index.d.ts', default: './dist/index.js' } } },
    dependencies: { b: '^1.0.0' },
  });
});

test('the three packages have one version, and depend on each other in exactly that one', async () => {
  const read = async (path: string) => (await import(path, { with: { type: 'json' } })).default;
  const [root, consumer, laptop] = await Promise.all(
    ['../../../package.json', '../../../packages/consumer/package.json', '../../../packages/laptop/package.json'].map(
      read,
    ),
  );
  expect([consumer.version, laptop.version]).toEqual([root.version, root.version]);
  expect(root.devDependencies).toMatchObject({ '@keyturn/consumer': root.version, '@keyturn/laptop': root.version });
  expect(root.peerDependencies['@keyturn/laptop']).toBe(root.version);
  // What the repository's own folders would publish is not a package: only dist/packages is.
  expect([root.private, consumer.private, laptop.private]).toEqual([true, true, true]);
  // Users install no dependency for what is bundled into `keyturn`.
  expect(root.dependencies).toBeUndefined();
});
