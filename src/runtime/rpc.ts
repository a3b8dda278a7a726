// A call of gRPC as @grpc/grpc-js wants it: path, and both messages to and from bytes. All of it comes from the descriptors that
// `npm run generate` made, so a call cannot be paired with another one's messages.

import { type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';

export interface Rpc<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  readonly input: I;
  readonly encode: (message: MessageShape<I>) => Buffer;
  readonly decode: (bytes: Buffer) => MessageShape<O>;
}

export function rpcOf<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
): Rpc<I, O> {
  const { input, output, parent, name } = method;
  return {
    path: `/${parent.typeName}/${name}`,
    input,
    encode: (message) => {
      const bytes = toBinary(input, message);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes) => fromBinary(output, bytes),
  };
}
