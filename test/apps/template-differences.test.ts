import { templateDifferences } from './template-differences.ts';

const template = (properties: object) => ({
  Resources: { Role: { Type: 'AWS::IAM::Role', Properties: properties, Metadata: { 'aws:cdk:path': 'any' } } },
});

test('every place where templates differ is named', () => {
  const older = template({ Path: '/', Tags: ['a', 'b'] });
  const newer = { ...template({ Tags: ['a', 'c'] }), Outputs: {} };
  expect(templateDifferences(older, newer)).toEqual([
    'Outputs: only in the newer',
    'Resources.Role.Properties.Path: only in the older',
    'Resources.Role.Properties.Tags.1: "b" in the older, "c" in the newer',
  ]);
});

test("the CDK's own additions are no difference", () => {
  const newer = {
    Parameters: { BootstrapVersion: { Type: 'String' } },
    Rules: { CheckBootstrapVersion: {} },
    Conditions: { CDKMetadataAvailable: {} },
    Resources: { ...template({}).Resources, CDKMetadata: { Type: 'AWS::CDK::Metadata' } },
  };
  expect(templateDifferences(template({}), newer)).toEqual([]);
});
