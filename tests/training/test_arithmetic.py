"""Counting multiply-adds: what each kind of kernel counts, and that a retraining is its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from scorer.tasks.task import Task
from scorer.training.arithmetic import retraining_multiply_adds
from scorer.training.loop import ModelSeeds, train_models
from scorer.training.multiply_adds import MultiplyAdds

A, B = torch.ones(4, 5), torch.ones(5, 6)
IMAGES, KERNELS = torch.ones(2, 3, 8, 8), torch.ones(4, 3, 3, 3)
MANY, SOME, ONE = torch.zeros(1000, 7), torch.arange(3), torch.tensor(1.0)
PRODUCT = 4 * 5 * 6
NO_MORE = (None, "none", [], "")
QKV = torch.ones(3, 3, 2, 7, 8)
"""Query, key and value: of 3 examples, 2 heads, 7 tokens and 8 numbers each."""


def counted(function: Callable[[], object]) -> int:
    with MultiplyAdds() as counter:
        function()
    return counter.total


COUNTS: dict[str, tuple[Callable[[], object], int]] = {
    "matrix product": (lambda: A @ B, PRODUCT),
    "linear": (lambda: F.linear(A, B.T), PRODUCT),
    "einsum": (lambda: torch.einsum("ij,jk->ik", A, B), PRODUCT),
    "product and sum by element": (lambda: (A[:, :, None] * B).sum(1), 2 * PRODUCT),
    "one column after another": (lambda: [A.mv(column) for column in B.unbind(1)], PRODUCT),
    "product with a bias": (lambda: torch._addmm_activation(B[0], A, B), PRODUCT),
    "linear of mkldnn": (lambda: torch.ops.mkldnn._linear_pointwise(A, B.T, *NO_MORE), PRODUCT),
    "distances": (lambda: torch.cdist(A, B.T), PRODUCT),
    "convolution": (lambda: F.conv2d(IMAGES, KERNELS), 2 * 4 * 36 * 27),
    "convolution of mkldnn": (
        lambda: torch.mkldnn_convolution(IMAGES, KERNELS, None, [0, 0], [1, 1], [1, 1], 1),
        2 * 4 * 36 * 27,
    ),
    "slow convolution": (
        lambda: torch.ops.aten._slow_conv2d_forward(IMAGES, KERNELS, [3, 3], None, [1, 1], [0, 0]),
        2 * 4 * 36 * 27,
    ),
    "attention": (lambda: F.scaled_dot_product_attention(*QKV), 2 * 3 * 2 * 7 * 7 * 8),
    "addition": (lambda: A + 1, 20),
    "addition in place": (lambda: A.clone().add_(1), 40),
    "reduction": (lambda: A.sum(), 20),
    "many at once": (lambda: torch._foreach_mul([A, B], 2.0), 50),
    "views": (lambda: A.T.reshape(20)[3:].detach().expand(2, 17), 20),
    "lookup": (lambda: MANY[SOME], 21),
    "put": (lambda: MANY.index_put_((SOME,), ONE), 3),
}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_a_kernel_counts(name: str, mode: Callable[[], torch.autograd.grad_mode.no_grad]) -> None:
    function, expected = COUNTS[name]
    with mode():
        assert counted(function) == expected


def test_the_way_back_counts_as_the_products_that_it_is_made_of() -> None:
    weight, inputs = B.clone().requires_grad_(), A.clone().requires_grad_()
    outer = torch.ones(4, 6)
    assert counted(lambda: (inputs @ weight).backward(outer)) == 3 * PRODUCT
    by_hand = counted(lambda: (A @ B, outer @ B.T, A.T @ outer))
    assert by_hand == 3 * PRODUCT


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("convolve", [F.conv2d, F.conv_transpose2d])
def test_the_way_back_through_a_convolution_is_twice_the_way_forward(
    convolve: Callable[..., torch.Tensor], groups: int
) -> None:
    images = torch.ones(2, 8, 6, 6, requires_grad=True)
    weight = torch.ones(8, 8 // groups, 3, 3, requires_grad=True)
    frozen = weight.detach()
    found = convolve(images, weight, groups=groups)
    size = images if convolve is F.conv_transpose2d else found
    forward = size.numel() * 9 * 8 // groups
    assert counted(lambda: convolve(images, weight, groups=groups)) == forward
    outer = torch.ones_like(found)
    assert counted(lambda: found.backward(outer)) == 2 * forward
    found = convolve(images, frozen, groups=groups)
    assert counted(lambda: torch.autograd.grad(found, images, outer)) == forward


def test_the_way_back_through_attention_counts_more_than_forward() -> None:
    query, key, value = (each.clone().requires_grad_() for each in QKV)
    forward = counted(lambda: F.scaled_dot_product_attention(query, key, value))
    found = F.scaled_dot_product_attention(query, key, value)
    outer = torch.ones_like(found)
    assert counted(lambda: found.backward(outer)) >= 2 * forward


def test_gradients_of_single_examples_count_as_those_of_their_sum() -> None:
    net = torch.nn.Conv2d(3, 4, 3, bias=False)
    weight = {"weight": net.weight.detach()}

    def loss(parameters: dict[str, torch.Tensor], image: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(net, parameters, image[None]).sum()

    single = torch.func.vmap(torch.func.grad(loss), (None, 0))
    together = counted(lambda: net(IMAGES).sum().backward())
    assert together <= counted(lambda: single(weight, IMAGES)) < 1.1 * together


def test_other_threads_count_where_they_have_a_counter_beside() -> None:
    def work() -> None:
        with counter.beside():
            A @ B

    with MultiplyAdds() as counter:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert counter.total == PRODUCT


@pytest.mark.gpu
def test_a_gpu_counts_as_a_cpu_does(tiny_task: Task) -> None:
    recipe = tiny_task.definition.recipe
    on_cpu, on_gpu = (
        retraining_multiply_adds(tiny_task.training_set("retain", torch.device(device)), recipe)
        for device in ("cpu", "cuda")
    )
    assert on_gpu == pytest.approx(on_cpu, rel=0.01)


def test_a_retraining_is_its_steps(tiny_task: Task) -> None:
    data, recipe = (
        tiny_task.training_set("retain", torch.device("cpu")),
        tiny_task.definition.recipe,
    )
    expected = retraining_multiply_adds(data, recipe)
    assert retraining_multiply_adds(data, recipe) == expected

    def trained() -> int:
        return counted(lambda: list(train_models(data, recipe, [ModelSeeds(1, 2, 3)])))

    whole = trained()
    assert whole == trained()
    assert expected < whole < 1.002 * expected
