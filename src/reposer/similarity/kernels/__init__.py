"""SSIM and PSSIM as fused kernels for GPUs, in Triton, which comes with PyTorch on Linux.

``choice`` says when they serve; everything else is imported only then. What the functions of ``reposer.similarity``
compute otherwise, from PyTorch's own operators, is the reference that the kernels are tested against.
"""
