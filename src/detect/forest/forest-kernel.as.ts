/**
 * AssemblyScript, compiled to forest-kernel.wasm by `npm run build`: adds up rows' isolation path lengths. It has the
 * same result as reference-kernel.ts bit for bit; wasm-kernel.ts lays out the memory and says how.
 *
 * A node is 16 bytes: threshold f64, byte offset of its feature in a block u32, address of its left child u32. The
 * right child follows the left one. A leaf points at itself with the threshold NaN, which no value reaches. Nodes
 * start at address 0, so half a node's address is the place of its path length. A tree is 8 bytes: address of its
 * root u32, levels u32.
 *
 * A block has eight rows side by side: first the eight values of feature 0, then those of feature 1.
 *
 * In an extended forest a node has the address of its hyperplane's normal in the place of the feature, and the rows
 * come one after the other.
 */

/** Tree by tree over all blocks, so that one tree stays in the nearest cache; eight rows in lockstep. */
export function sumBlocks(
  trees: u32,
  treesEnd: u32,
  paths: u32,
  blocks: u32,
  blocksEnd: u32,
  blockBytes: u32,
  sums: u32,
): void {
  for (let tree = trees; tree < treesEnd; tree += 8) {
    const root = load<u32>(tree);
    const levels = load<u32>(tree, 4);
    let sum = sums;
    for (let block = blocks; block < blocksEnd; block += blockBytes) {
      let n0 = root;
      let n1 = root;
      let n2 = root;
      let n3 = root;
      let n4 = root;
      let n5 = root;
      let n6 = root;
      let n7 = root;
      for (let level = levels; level > 0; level--) {
        n0 = load<u32>(n0, 12) + (u32(load<f64>(block + load<u32>(n0, 8)) >= load<f64>(n0)) << 4);
        n1 = load<u32>(n1, 12) + (u32(load<f64>(block + load<u32>(n1, 8), 8) >= load<f64>(n1)) << 4);
        n2 = load<u32>(n2, 12) + (u32(load<f64>(block + load<u32>(n2, 8), 16) >= load<f64>(n2)) << 4);
        n3 = load<u32>(n3, 12) + (u32(load<f64>(block + load<u32>(n3, 8), 24) >= load<f64>(n3)) << 4);
        n4 = load<u32>(n4, 12) + (u32(load<f64>(block + load<u32>(n4, 8), 32) >= load<f64>(n4)) << 4);
        n5 = load<u32>(n5, 12) + (u32(load<f64>(block + load<u32>(n5, 8), 40) >= load<f64>(n5)) << 4);
        n6 = load<u32>(n6, 12) + (u32(load<f64>(block + load<u32>(n6, 8), 48) >= load<f64>(n6)) << 4);
        n7 = load<u32>(n7, 12) + (u32(load<f64>(block + load<u32>(n7, 8), 56) >= load<f64>(n7)) << 4);
      }
      store<f64>(sum, load<f64>(sum) + load<f64>(paths + (n0 >> 1)));
      store<f64>(sum, load<f64>(sum, 8) + load<f64>(paths + (n1 >> 1)), 8);
      store<f64>(sum, load<f64>(sum, 16) + load<f64>(paths + (n2 >> 1)), 16);
      store<f64>(sum, load<f64>(sum, 24) + load<f64>(paths + (n3 >> 1)), 24);
      store<f64>(sum, load<f64>(sum, 32) + load<f64>(paths + (n4 >> 1)), 32);
      store<f64>(sum, load<f64>(sum, 40) + load<f64>(paths + (n5 >> 1)), 40);
      store<f64>(sum, load<f64>(sum, 48) + load<f64>(paths + (n6 >> 1)), 48);
      store<f64>(sum, load<f64>(sum, 56) + load<f64>(paths + (n7 >> 1)), 56);
      sum += 64;
    }
  }
}

/**
 * One row of a block, eight trees in lockstep, their paths added in the order of the trees.
 * @param row address of the block plus 8 bytes times the row's place in it
 */
export function sumRow(trees: u32, treesEnd: u32, paths: u32, row: u32): f64 {
  let sum: f64 = 0;
  let tree = trees;
  for (; tree + 64 <= treesEnd; tree += 64) {
    let n0 = load<u32>(tree);
    let n1 = load<u32>(tree, 8);
    let n2 = load<u32>(tree, 16);
    let n3 = load<u32>(tree, 24);
    let n4 = load<u32>(tree, 32);
    let n5 = load<u32>(tree, 40);
    let n6 = load<u32>(tree, 48);
    let n7 = load<u32>(tree, 56);
    // A leaf stays where it is: the deepest of the eight decides.
    let levels = load<u32>(tree, 4);
    for (let other = tree + 8; other < tree + 64; other += 8) levels = max(levels, load<u32>(other, 4));
    for (; levels > 0; levels--) {
      n0 = load<u32>(n0, 12) + (u32(load<f64>(row + load<u32>(n0, 8)) >= load<f64>(n0)) << 4);
      n1 = load<u32>(n1, 12) + (u32(load<f64>(row + load<u32>(n1, 8)) >= load<f64>(n1)) << 4);
      n2 = load<u32>(n2, 12) + (u32(load<f64>(row + load<u32>(n2, 8)) >= load<f64>(n2)) << 4);
      n3 = load<u32>(n3, 12) + (u32(load<f64>(row + load<u32>(n3, 8)) >= load<f64>(n3)) << 4);
      n4 = load<u32>(n4, 12) + (u32(load<f64>(row + load<u32>(n4, 8)) >= load<f64>(n4)) << 4);
      n5 = load<u32>(n5, 12) + (u32(load<f64>(row + load<u32>(n5, 8)) >= load<f64>(n5)) << 4);
      n6 = load<u32>(n6, 12) + (u32(load<f64>(row + load<u32>(n6, 8)) >= load<f64>(n6)) << 4);
      n7 = load<u32>(n7, 12) + (u32(load<f64>(row + load<u32>(n7, 8)) >= load<f64>(n7)) << 4);
    }
    sum += load<f64>(paths + (n0 >> 1));
    sum += load<f64>(paths + (n1 >> 1));
    sum += load<f64>(paths + (n2 >> 1));
    sum += load<f64>(paths + (n3 >> 1));
    sum += load<f64>(paths + (n4 >> 1));
    sum += load<f64>(paths + (n5 >> 1));
    sum += load<f64>(paths + (n6 >> 1));
    sum += load<f64>(paths + (n7 >> 1));
  }
  for (; tree < treesEnd; tree += 8) {
    let node = load<u32>(tree);
    for (let level = load<u32>(tree, 4); level > 0; level--) {
      node = load<u32>(node, 12) + (u32(load<f64>(row + load<u32>(node, 8)) >= load<f64>(node)) << 4);
    }
    sum += load<f64>(paths + (node >> 1));
  }
  return sum;
}

/**
 * Rows over an extended forest, tree by tree. The scalar product is that of scalar-product.ts, its four sums in two
 * vectors.
 */
export function sumPlanes(
  trees: u32,
  treesEnd: u32,
  paths: u32,
  rows: u32,
  rowsEnd: u32,
  rowBytes: u32,
  sums: u32,
): void {
  const fours = rowBytes & ~31;
  for (let tree = trees; tree < treesEnd; tree += 8) {
    const root = load<u32>(tree);
    let sum = sums;
    for (let row = rows; row < rowsEnd; row += rowBytes) {
      let node = root;
      let left = load<u32>(node, 12);
      while (left != node) {
        let normal = load<u32>(node, 8);
        let value = row;
        let sum01 = f64x2.splat(0);
        let sum23 = f64x2.splat(0);
        for (; value < row + fours; value += 32) {
          sum01 = f64x2.add(sum01, f64x2.mul(v128.load(normal), v128.load(value)));
          sum23 = f64x2.add(sum23, f64x2.mul(v128.load(normal, 16), v128.load(value, 16)));
          normal += 32;
        }
        let sum0 = f64x2.extract_lane(sum01, 0);
        for (; value < row + rowBytes; value += 8) {
          sum0 += load<f64>(normal) * load<f64>(value);
          normal += 8;
        }
        const product =
          sum0 + f64x2.extract_lane(sum01, 1) + (f64x2.extract_lane(sum23, 0) + f64x2.extract_lane(sum23, 1));
        node = left + (u32(!(product < load<f64>(node))) << 4);
        left = load<u32>(node, 12);
      }
      store<f64>(sum, load<f64>(sum) + load<f64>(paths + (node >> 1)));
      sum += 8;
    }
  }
}
