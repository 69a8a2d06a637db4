import { reachedFrom } from '../../../tools/pack/sbom.ts';

const component = (name: string, group?: string) => ({
  'bom-ref': `${name}@1`,
  name,
  ...(group && { group }),
  version: '1',
});
const sbom = {
  metadata: {},
  components: [
    component('consumer', '@keyturn'),
    component('jose'),
    component('pg'),
    component('pg-types'),
    component('cdk'),
  ],
  dependencies: [
    { ref: 'keyturn@1', dependsOn: ['consumer@1', 'cdk@1'] },
    { ref: 'consumer@1', dependsOn: ['pg@1'] },
    { ref: 'pg@1', dependsOn: ['pg-types@1', 'pg@1'] },
    { ref: 'cdk@1', dependsOn: ['jose@1'] },
  ],
};

test('an SBOM lists what the package depends on, neither itself nor what the repository needs', () => {
  const reached = reachedFrom(sbom, ({ group }) => group === '@keyturn');
  expect(reached.components.map(({ name }) => name)).toEqual(['pg', 'pg-types']);
  expect(reached.dependencies?.map(({ ref }) => ref)).toEqual(['consumer@1', 'pg@1']);
});

test('a package that npm does not list is an error, not an empty SBOM', () => {
  expect(() => reachedFrom(sbom, () => false)).toThrow('Expected the package among the components');
});
