import { readFields, type Field } from "./protobuf.js";

/** One product of a [rows, inner] by an [inner, columns] matrix. */
export interface MatrixProduct {
  /** Rows that are there whatever the population (a goal's own layers), and rows a candidate. */
  readonly fixedRows: number;
  readonly rowsPerCandidate: number;
  readonly inner: number;
  readonly columns: number;
}

/** Multiplications and additions of the products for a population of `candidates`. */
export function flops(products: readonly MatrixProduct[], candidates: number): number {
  return products.reduce((sum, product) => sum + 2 * rows(product, candidates) * product.inner * product.columns, 0);
}

/** Rows of a product for a population of `candidates`. */
export function rows(product: MatrixProduct, candidates: number): number {
  return product.fixedRows + product.rowsPerCandidate * candidates;
}

type Dim = number | string;

/**
 * The products of activations with weights in an ONNX graph (MatMul and Gemm), with the numbers of the graph itself: inner and columns
 * from the weight, rows from the activation's shape where the exporter wrote it down, else one row a candidate.
 * A symbolic dimension counts as the candidates, "6*n" as six of them. Products of two activations and bodies of loops are not counted.
 */
export function readMatrixProducts(onnx: Uint8Array): MatrixProduct[] {
  const graph = bytesOf(readFields(onnx), 7)[0];
  if (graph === undefined) {
    throw new RangeError("not an ONNX file: it has no graph");
  }
  const fields = readFields(graph);
  const activations = new Map<string, Dim[]>();
  for (const number of [11, 12, 13]) {
    for (const info of bytesOf(fields, number)) {
      const [name, shape] = readValueInfo(info);
      activations.set(name, shape);
    }
  }
  const weights = new Map<string, number[]>();
  for (const tensor of bytesOf(fields, 5)) {
    weights.set(textOf(readFields(tensor), 8), readDims(tensor));
  }

  const products: MatrixProduct[] = [];
  for (const node of bytesOf(fields, 1)) {
    const parts = readFields(node);
    const inputs = bytesOf(parts, 1).map(text);
    const output = text(bytesOf(parts, 2)[0]!);
    const attributes = new Map(bytesOf(parts, 5).map((attribute) => {
      const of = readFields(attribute);
      return [textOf(of, 1), of] as const;
    }));
    const weight = weights.get(inputs[1] ?? "");
    const moved = weights.get(inputs[0] ?? "");
    switch (textOf(parts, 4)) {
      case "Constant": {
        const tensor = bytesOf(attributes.get("value") ?? [], 5)[0];
        if (tensor !== undefined) {
          weights.set(output, readDims(tensor));
        }
        break;
      }
      // A weight stays one on its way to the product.
      case "Identity":
      case "Cast":
        if (moved !== undefined) {
          weights.set(output, moved);
        }
        break;
      case "Transpose":
        if (moved?.length === 2) {
          weights.set(output, [moved[1]!, moved[0]!]);
        }
        break;
      case "MatMul":
      case "Gemm":
        if (weight?.length === 2) {
          const transposed = numberOf(attributes.get("transB") ?? [], 3) === 1;
          const [inner, columns] = transposed ? [weight[1]!, weight[0]!] : [weight[0]!, weight[1]!];
          products.push({ ...countRows(activations.get(inputs[0]!)), inner, columns });
        }
        break;
    }
  }
  return products;
}

function countRows(shape: readonly Dim[] | undefined): { fixedRows: number; rowsPerCandidate: number } {
  if (shape === undefined || shape.length < 2) {
    return { fixedRows: 0, rowsPerCandidate: 1 };
  }
  let count = 1;
  let perCandidate = false;
  for (const dim of shape.slice(0, -1)) {
    if (typeof dim === "number") {
      count *= dim;
    } else {
      perCandidate = true;
      count *= Number(/^(\d+)\s*\*/.exec(dim)?.[1] ?? 1);
    }
  }
  return perCandidate ? { fixedRows: 0, rowsPerCandidate: count } : { fixedRows: count, rowsPerCandidate: 0 };
}

/** ValueInfoProto: name, and the shape inside its tensor type. */
function readValueInfo(info: Uint8Array): [string, Dim[]] {
  const fields = readFields(info);
  const nested = (of: readonly Field[], number: number): Field[] => readFields(bytesOf(of, number)[0] ?? new Uint8Array());
  const shape = nested(nested(nested(fields, 2), 1), 2);
  const dims = bytesOf(shape, 1).map((dim): Dim => {
    const of = readFields(dim);
    return numberOf(of, 1) ?? (textOf(of, 2) || "?");
  });
  return [textOf(fields, 1), dims];
}

/** TensorProto.dims: a repeated number, packed or not. */
function readDims(tensor: Uint8Array): number[] {
  return readFields(tensor).filter(({ number }) => number === 1).flatMap(({ value }) => {
    if (typeof value === "number") {
      return [value];
    }
    // Packed numbers have no tags: each becomes a field of its own when one is put before it.
    const dims: number[] = [];
    for (let at = 0; at < value.length;) {
      let end = at;
      while (value[end]! >= 0x80) {
        end++;
      }
      dims.push(readFields(Uint8Array.of(8, ...value.subarray(at, end + 1)))[0]!.value as number);
      at = end + 1;
    }
    return dims;
  });
}

function bytesOf(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.flatMap((field) => field.number === number && typeof field.value !== "number" ? [field.value] : []);
}

function numberOf(fields: readonly Field[], number: number): number | undefined {
  const field = fields.find((one) => one.number === number && typeof one.value === "number");
  return field?.value as number | undefined;
}

function textOf(fields: readonly Field[], number: number): string {
  return text(bytesOf(fields, number)[0] ?? new Uint8Array());
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
