/** A program with the library: it reads a secret, and signs a token and verifies it. Prints what it found. */
export function consumerProgram(format: 'esm' | 'cjs'): string {
  const load = (names: string, from: string) =>
    format === 'esm' ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`;
  return `${load('getApiKey', '@keyturn/consumer')}
${load('JwtSigner, JwtVerifier', '@keyturn/consumer/jwt')}
${load('RotatingPool', '@keyturn/consumer/pool')}

async function main() {
  const key = await getApiKey('app/vendor');
  const token = await new JwtSigner({ secretId: 'app/jwt' }).sign({ sub: 'a reader' });
  const { claims } = await new JwtVerifier({ secretId: 'app/jwt' }).verify(token);
  console.log(JSON.stringify({ key, sub: claims.sub, pool: typeof RotatingPool }));
}
main();
`;
}

export const printed = `${JSON.stringify({ key: 'the-key-of-the-vendor', sub: 'a reader', pool: 'function' })}\n`;
