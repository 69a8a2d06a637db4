/** Types that a template may use and that nothing refers to, each with the reason. Those of EC2 are in services/ec2. */
export const inertTypes: Readonly<Record<string, string>> = {
  'AWS::CDK::Metadata': 'says to AWS which constructs are in use',
};
